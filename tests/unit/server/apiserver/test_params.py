"""Query parameters."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from edgeorch.api.core.resources import CONFIG_MAPS, PODS
from edgeorch.errors import BadRequest, Invalid
from edgeorch_server.apiserver import params
from edgeorch_server.registry.base import User

JANE = User("jane")


def collection(query: str) -> params.Collection:
    return params.collection(QueryParams(query), PODS, "ns")


class TestCollection:
    def test_a_plain_list_selects_everything(self) -> None:
        """Without parameters there is no selection, no limit and no watch."""
        query = collection("")
        assert (query.select.labels, query.select.fields, query.select.limit) == (None, None, 0)
        assert query.watch is None

    def test_all_parameters_arrive(self) -> None:
        """Each parameter of ListOptions ends in its place."""
        query = collection(
            "labelSelector=a%3Db&fieldSelector=status.phase%3DRunning&limit=5&continue=abc"
            "&resourceVersion=7&unknown=x"
        )
        assert query.select.labels is not None
        assert query.select.labels.matches({"a": "b"})
        assert query.select.fields is not None
        assert query.select.fields.matches({"status.phase": "Running"})
        assert (query.select.limit, query.select.continue_, query.select.resource_version) == (5, "abc", "7")

    @pytest.mark.parametrize(
        ("text", "watching"),
        [("watch=true", True), ("watch=1", True), ("watch=", True), ("watch=false", False), ("watch=0", False)],
    )
    def test_flags_are_read_as_go_reads_them(self, text: str, watching: bool) -> None:
        """Only absence, false and 0 are false."""
        assert (collection(text).watch is not None) is watching

    def test_a_watch_has_options_of_its_own(self) -> None:
        """Bookmarks, the time-out and initial events belong to the watch."""
        watch = collection(
            "watch=true&allowWatchBookmarks=true&timeoutSeconds=30"
            "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        ).watch
        assert watch == params.WatchOptions(bookmarks=True, send_initial_events=True, timeout_seconds=30)

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("limit=x", 'strconv.ParseInt: parsing "x": invalid syntax'),
            ("limit=", 'strconv.ParseInt: parsing "": invalid syntax'),
            ("limit=1_0", 'strconv.ParseInt: parsing "1_0": invalid syntax'),
            ("limit=99999999999999999999", "value out of range"),
            ("timeoutSeconds=soon", 'strconv.ParseInt: parsing "soon": invalid syntax'),
            ("resourceVersion=abc", "invalid resource version"),
            ("resourceVersion=-1", "invalid resource version"),
            ("labelSelector=a%3D%3D%3Db", "unable to parse requirement"),
            ("fieldSelector=nonsense", "invalid selector: 'nonsense'"),
            ("fieldSelector=spec.color%3Dred", "field label not supported: spec.color"),
        ],
    )
    def test_what_cannot_be_read_is_400(self, query: str, message: str) -> None:
        """The words are those of Kubernetes' own parsers."""
        with pytest.raises(BadRequest) as caught:
            collection(query)
        assert message in caught.value.message

    def test_fields_of_kinds_without_any_are_named(self) -> None:
        """A ConfigMap can be selected by name and namespace only."""
        with pytest.raises(BadRequest, match='"type" is not a known field selector'):
            params.collection(QueryParams("fieldSelector=type%3Dx"), CONFIG_MAPS, "ns")

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            (
                "resourceVersionMatch=Exact",
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
            ),
            (
                "resourceVersionMatch=Exact&resourceVersion=0",
                'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
            ),
            (
                "resourceVersionMatch=Newest&resourceVersion=5",
                'resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""',
            ),
            (
                "resourceVersionMatch=Exact&resourceVersion=5&continue=x",
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided",
            ),
            ("sendInitialEvents=true", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
            (
                "watch=true&sendInitialEvents=true",
                "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ),
            (
                "watch=true&resourceVersionMatch=NotOlderThan",
                "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ),
        ],
    )
    def test_what_does_not_go_together_is_422(self, query: str, message: str) -> None:
        """ListOptions are validated as apimachinery validates them."""
        with pytest.raises(Invalid) as caught:
            collection(query)
        assert caught.value.message == f'ListOptions.meta.k8s.io "" is invalid: {message}'
        assert caught.value.causes


class TestWriteOptions:
    def test_defaults(self) -> None:
        """Fields are checked with a warning, and the manager is named after the client's program."""
        options = params.write_options(QueryParams(""), JANE, "kubectl/v1.33.1 (linux/amd64)", "CreateOptions")
        assert (options.user, options.dry_run, options.field_validation) == (JANE, False, "Warn")
        assert options.field_manager == "kubectl"

    def test_parameters_arrive(self) -> None:
        """What the client says counts."""
        query = QueryParams("dryRun=All&fieldManager=me&fieldValidation=Strict")
        options = params.write_options(query, JANE, "x", "CreateOptions")
        assert (options.dry_run, options.field_manager, options.field_validation) == (True, "me", "Strict")

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("dryRun=true", 'dryRun: Unsupported value: ["true"]: supported values: "All"'),
            (
                "fieldValidation=Maybe",
                'fieldValidation: Unsupported value: "Maybe": supported values: "", "Ignore", "Strict", "Warn"',
            ),
            ("force=true", "force: Forbidden: may not be specified for non-apply patch"),
            (f"fieldManager={'x' * 129}", "fieldManager: Too long: may not be more than 128 bytes"),
            ("fieldManager=a%00b", "invalid character U+0000 (at position 1)"),
        ],
    )
    def test_wrong_values_are_422(self, query: str, message: str) -> None:
        """PatchOptions are validated as apimachinery validates them."""
        with pytest.raises(Invalid) as caught:
            params.write_options(QueryParams(query), JANE, "x", "PatchOptions")
        assert caught.value.message.startswith('PatchOptions.meta.k8s.io "" is invalid: ')
        assert message in caught.value.message


class TestDeleteOptions:
    def test_a_body_counts_more_than_the_query(self) -> None:
        """As in Kubernetes the query is only read when there is no body."""
        options = params.delete_options(QueryParams("gracePeriodSeconds=9"), {"gracePeriodSeconds": 0})
        assert options.gracePeriodSeconds == 0

    def test_the_query_serves_without_a_body(self) -> None:
        """Each parameter of DeleteOptions ends in its place."""
        query = QueryParams("gracePeriodSeconds=9&propagationPolicy=Orphan&dryRun=All")
        options = params.delete_options(query, None)
        assert (options.gracePeriodSeconds, options.propagationPolicy, options.dryRun) == (9, "Orphan", ["All"])

    @pytest.mark.parametrize("kind", [None, "", "DeleteOptions"])
    def test_the_kind_may_be_left_out(self, kind: str | None) -> None:
        """Clients send DeleteOptions with and without a kind."""
        body = {"kind": kind, "apiVersion": "v1", "preconditions": {"uid": "u"}}
        options = params.delete_options(QueryParams(""), body)
        assert options.preconditions is not None
        assert options.preconditions.uid == "u"

    @pytest.mark.parametrize(
        "body",
        [{"kind": "Pod"}, {"gracePeriodSeconds": "soon"}, {"preconditions": 3}, {"kind": 5}, {"dryRun": "All"}],
        ids=["another kind", "a text", "a number", "a numeric kind", "no list"],
    )
    def test_other_bodies_are_400(self, body: dict[str, object]) -> None:
        """What is no DeleteOptions is refused."""
        with pytest.raises(BadRequest):
            params.delete_options(QueryParams(""), body)

    def test_dry_run_is_all_or_nothing(self) -> None:
        """Other words are refused rather than taken for a real delete."""
        with pytest.raises(Invalid, match="dryRun: Unsupported value"):
            params.delete_options(QueryParams(""), {"dryRun": ["Some"]})


class TestLogOptions:
    def test_parameters_arrive(self) -> None:
        """Each parameter of PodLogOptions ends in its place."""
        query = QueryParams(
            "container=c&follow=true&previous=1&sinceSeconds=5&timestamps=true&tailLines=0&limitBytes=10"
        )
        options = params.log_options(query, "p")
        assert (options.container, options.follow, options.previous, options.timestamps) == (
            "c",
            True,
            True,
            True,
        )
        assert (options.since_seconds, options.tail_lines, options.limit_bytes) == (5, 0, 10)

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("tailLines=-1", "tailLines: Invalid value: -1: must be greater than or equal to 0"),
            ("limitBytes=0", "limitBytes: Invalid value: 0: must be greater than 0"),
            ("sinceSeconds=0", "sinceSeconds: Invalid value: 0: must be greater than 0"),
            ("sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z", "at most one of `sinceTime` or `sinceSeconds`"),
        ],
    )
    def test_wrong_values_are_422(self, query: str, message: str) -> None:
        """PodLogOptions are validated as core/v1 validates them."""
        with pytest.raises(Invalid) as caught:
            params.log_options(QueryParams(query), "p")
        assert caught.value.message.startswith('PodLogOptions "p" is invalid: ')
        assert message in caught.value.message

    def test_a_time_must_be_one(self) -> None:
        """``sinceTime`` is RFC 3339."""
        with pytest.raises(BadRequest, match="parsing time"):
            params.log_options(QueryParams("sinceTime=yesterday"), "p")


NAMES = st.sampled_from(
    [
        *("labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch"),
        *("watch", "timeoutSeconds", "sendInitialEvents", "allowWatchBookmarks", "fieldManager", "dryRun"),
        *("fieldValidation", "gracePeriodSeconds", "propagationPolicy", "orphanDependents", "sinceTime"),
        *("sinceSeconds", "tailLines", "limitBytes", "container", "force"),
    ]
)
VALUES = st.text() | st.sampled_from(["true", "0", "-1", "All", "Exact", "NotOlderThan", "a=b", "9" * 30])


@given(st.lists(st.tuples(NAMES, VALUES)))
def test_any_query_is_answered(pairs: list[tuple[str, str]]) -> None:
    """No query makes parsing fail in any other way than by refusing."""
    query = QueryParams(pairs)
    readers = (
        lambda: params.collection(query, PODS, ""),
        lambda: params.write_options(query, JANE, "", "PatchOptions"),
        lambda: params.delete_options(query, None),
        lambda: params.log_options(query, "p"),
    )
    for read in readers:
        with contextlib.suppress(BadRequest, Invalid):
            read()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
)
MEMBERS = st.sampled_from(
    ["kind", "apiVersion", "preconditions", "gracePeriodSeconds", "dryRun", "propagationPolicy"]
)


@given(st.dictionaries(MEMBERS | st.text(max_size=5), JSON))
def test_any_delete_body_is_answered(body: dict[str, object]) -> None:
    """No object makes reading DeleteOptions fail in any other way than by refusing."""
    with contextlib.suppress(BadRequest, Invalid):
        params.delete_options(QueryParams(""), body)
