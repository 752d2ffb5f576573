import socket
from pathlib import Path

from edgeorch.sdnotify import Notifier


def test_ready_reaches_the_service_manager(tmp_path: Path) -> None:
    """sd_notify(3): a state is one datagram to the socket named by NOTIFY_SOCKET."""
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(5)
        Notifier({"NOTIFY_SOCKET": str(path)}).send("READY=1")
        assert manager.recv(100) == b"READY=1"


def test_without_systemd_nothing_happens() -> None:
    """Outside systemd there is no socket and no watchdog."""
    notifier = Notifier({})
    notifier.send("READY=1")
    assert notifier.watchdog_seconds == 0


def test_a_watchdog_meant_for_another_process_is_not_ours() -> None:
    """sd_watchdog_enabled(3): WATCHDOG_PID names the process that must answer."""
    assert Notifier({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}).watchdog_seconds == 0
    assert Notifier({"WATCHDOG_USEC": "30000000"}).watchdog_seconds == 30


def test_a_lost_notification_is_no_error(tmp_path: Path) -> None:
    """A service manager that went away must not take us with it."""
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).send("READY=1")
