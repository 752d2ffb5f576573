from pathlib import Path

from edgeorch_agent.node.facts import available_memory, read_facts


def board(root: Path) -> Path:
    files = {
        "proc/meminfo": "MemTotal:        3884320 kB\nMemAvailable:    1000 kB\nSwapTotal:       102396 kB\n",
        "proc/sys/kernel/random/boot_id": "b0071d\n",
        "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
        "etc/machine-id": "abc123\n",
        "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Raspberry Pi OS (bookworm)"\n',
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_boards_facts_are_read_from_its_files(tmp_path: Path) -> None:
    """Sizes are in bytes, words without their line ends and the device tree's NUL."""
    facts = read_facts(tmp_path, board(tmp_path))
    assert facts.memory == 3884320 * 1024
    assert facts.swap == 102396 * 1024
    assert (facts.machine_id, facts.boot_id, facts.system_uuid) == ("abc123", "b0071d", "abc123")
    assert facts.os_image == "Raspberry Pi OS (bookworm)"
    assert facts.model == "Raspberry Pi 4 Model B Rev 1.4"
    assert available_memory(tmp_path) == 1000 * 1024


def test_missing_files_are_no_error(tmp_path: Path) -> None:
    """A container or an odd board lacks some of the files."""
    facts = read_facts(tmp_path, tmp_path / "nothing")
    assert (facts.machine_id, facts.os_image, facts.memory) == ("", "Linux", 0)
