"""The three patch formats of the API: pure functions from a document and a patch to a new document.

None changes its arguments; a result shares what the patch did not touch with the document it came from. All
errors are :class:`edgeorch.errors.ApiError` with Kubernetes' codes and words. Depth is bounded by
``edgeorch.api.decode``, through which documents and patches have come.
"""
