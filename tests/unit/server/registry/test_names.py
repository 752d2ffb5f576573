"""Names made from ``generateName``."""

from edgeorch_server.registry.names import ALPHABET, random_name


def test_five_characters_are_appended() -> None:
    """A generated name is its base and five characters of Kubernetes' alphabet."""
    name = random_name("web-")
    assert name.startswith("web-")
    assert len(name) == len("web-") + 5
    assert set(name.removeprefix("web-")) <= set(ALPHABET)


def test_names_differ() -> None:
    """Two calls practically never give the same name."""
    assert len({random_name("x-") for _ in range(200)}) > 195


def test_a_long_base_is_cut() -> None:
    """However long the base, the name is a DNS label's 63 characters at most."""
    assert len(random_name("a" * 80)) == 63


def test_the_alphabet_has_no_vowels_and_no_lookalikes() -> None:
    """The alphabet is ``rand.SafeEncodeString``'s: no words arise, and nothing is easily confused."""
    assert not set(ALPHABET) & set("aeiou013")
