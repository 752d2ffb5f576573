"""StatefulSets: which pods come and go (``plan``), what they are (``pods``), what becomes of their claims."""
