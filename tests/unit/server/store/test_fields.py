from edgeorch.api.table import default_table
from edgeorch_server.store.fields import fields_from


def test_fields_are_read_as_the_resource_table_says() -> None:
    """A restart finds objects by the same fields as before: absent text is empty, an absent bool is false."""
    fields_of = fields_from(default_table())
    pod = fields_of("pods", {"spec": {"nodeName": "pi-1"}, "status": None})
    assert (pod["spec.nodeName"], pod["status.phase"]) == ("pi-1", "")
    assert fields_of("nodes", {"spec": {}}) == {"spec.unschedulable": "false"}
    assert fields_of("nodes", {"spec": {"unschedulable": True}}) == {"spec.unschedulable": "true"}


def test_an_unknown_resource_has_no_fields() -> None:
    """A store that holds kinds of a newer version can still be opened."""
    assert fields_from(default_table())("widgets.example.com", {"spec": {}}) == {}
