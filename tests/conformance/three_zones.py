"""A three-zone cluster in processes of its own, for clients that speak HTTP."""
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ACCESS_KEY = "AKIATROUPETESTS00001"
SECRET_KEY = "a secret that only tests know"


def free_ports(count):
    """Ports that nobody listens on now; kept apart by being taken all at once."""
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class ThreeZones:
    def __init__(self, troupe, more=()):
        """`more`: lines for the end of the cluster file."""
        self.troupe = troupe
        self.home = tempfile.TemporaryDirectory(prefix="troupe-conformance-")
        root = Path(self.home.name)
        ports = free_ports(9)
        lines = ["cluster: conformance", "zones: [zone-a, zone-b, zone-c]", "nodes:"]
        for i, zone in enumerate("abc"):
            (root / f"n{i + 1}").mkdir()
            lines += [f"  - name: n{i + 1}", f"    zone: zone-{zone}", "    host: 127.0.0.1",
                      f"    port: {ports[3 * i]}", f"    metrics: {ports[3 * i + 1]}",
                      f"    http: {ports[3 * i + 2]}", f"    data: n{i + 1}",
                      "    roles: [storage, router, metadata]"]
        lines += ["api:", "  credentials: keys.ini", *more]
        (root / "cluster.yaml").write_text("\n".join(lines) + "\n")
        keys = root / "keys.ini"
        keys.write_text(f"[tests]\naws_access_key_id = {ACCESS_KEY}\naws_secret_access_key = {SECRET_KEY}\n")
        keys.chmod(0o600)
        self.log = open(root / "log", "w+")
        self.endpoints = [f"http://127.0.0.1:{ports[3 * i + 2]}" for i in range(3)]
        self.routers = [f"127.0.0.1:{ports[3 * i]}" for i in range(3)]
        self.metrics = [f"http://127.0.0.1:{ports[3 * i + 1]}" for i in range(3)]
        self.process = subprocess.Popen([troupe, "up", str(root / "cluster.yaml")], stdout=self.log,
                                        stderr=subprocess.STDOUT, cwd=root)
        deadline = time.monotonic() + 60
        for endpoint in self.endpoints:
            while not self.healthy(endpoint):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    self.stop()
                    raise RuntimeError("the cluster did not start:\n" + self.said)
                time.sleep(0.05)

    @staticmethod
    def healthy(endpoint):
        try:
            with urllib.request.urlopen(endpoint + "/", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.seek(0)
        self.said = self.log.read()
        self.log.close()
        self.home.cleanup()
        return self.process.returncode


def readme_example(language, *changes):
    """The README's example in this language, made for a cluster of the tests by changes from text to text."""
    page = (Path(__file__).parents[2] / "README.md").read_text()
    example = page.split(f"```{language}\n")[1].split("```")[0]
    for there, here in changes:
        assert there in example, f"the README's example has no {there} any more"
        example = example.replace(there, here)
    return example


# What a test module needs: `setUpModule, tearDownModule, cluster = three_zones.for_module(TROUPE)`; `more` as above.
def for_module(troupe, more=()):
    running = []

    def set_up():
        running.append(ThreeZones(troupe, more))

    def tear_down():
        code = running[0].stop()
        assert code == 0, f"the cluster ended with {code}:\n{running[0].said}"

    return set_up, tear_down, lambda: running[0]
