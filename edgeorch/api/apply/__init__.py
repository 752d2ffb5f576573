"""Server-side apply: who owns which field, what an applied configuration changes, and what conflicts.

Pure functions from plain JSON to plain JSON, driven by :mod:`edgeorch.api.schema`. The semantics and the words
are those of Kubernetes' ``structured-merge-diff`` and ``apimachinery/pkg/util/managedfields``.

* ``field_set``: sets of fields in Kubernetes' own form (``FieldsV1``), and what one does with sets.
* ``elements``: how the items of associative lists are named.
* ``configuration``: what an applied configuration claims, and what is wrong with it.
* ``difference``: which fields two versions of an object differ in.
* ``merging``: the configuration laid over the object, and what was given up taken out.
* ``managers``: ``metadata.managedFields`` in and out.
* ``ownership``: the two operations, Update and Apply, on the owners of an object.
"""
