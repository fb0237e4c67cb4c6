# SPDX-License-Identifier: Apache-2.0
"""Installs the wheel and the Debian packages in empty systems, uses them there as an ordinary user, and
takes them away again. Needs root; PyTorch is fetched from PyPI (2.6 GB once, kept in the work folder).

    run.py --packages FOLDER [--work FOLDER] [--only wheel|deb] [--release bookworm|trixie]
"""

import argparse
import json
import pathlib
import re
import sys
import time
import unittest

from empty_root import USER, EmptyRoot

RELEASES = {"bookworm": "12", "trixie": "13"}
options = argparse.Namespace()


def built(pattern):
    """The newest file of build/packages of that form, or None."""
    found = sorted(options.packages.glob(pattern), key=lambda file: file.stat().st_mtime)
    return found[-1] if found else None


class Installed(unittest.TestCase):
    """What both kinds of package are asked."""

    def use(self, root, programs, **environment):
        """The story of a first day: what is here, a report with figures, an evaluation, the window."""
        def done(program, *words, timeout=900):
            start = time.monotonic()
            run = root.run(f"{programs}/{program}", *words, user=USER, check=False, timeout=timeout, **environment)
            self.assertEqual(run.returncode, 0, f"{words}: {run.stdout[-2000:]}{run.stderr[-2000:]}")
            print(f"  {root.release}: {program} {' '.join(words)}: {time.monotonic() - start:.1f} s", flush=True)
            return run.stdout

        facts = json.loads(done("rankscope-cli", "doctor", "--json"))
        self.assertTrue(facts["libtorch"]["available"], facts["missing"])
        report = json.loads(done("rankscope-cli", "report", "demo", "--out", "report", "--json"))
        self.assertEqual(report["warnings"], [])
        self.assertLessEqual({"spectra.png", "spectra.pdf", "seed.png"}, set(report["files"]))
        picture = root.path / f"home/{USER}/report/spectra.png"
        (options.work / f"{root.path.name}-spectra.png").write_bytes(picture.read_bytes())
        runs = json.loads(done("rankscope-cli", "evaluate", "demo", "--json"))
        self.assertEqual(runs["runs"][0]["samples"], 200)
        done("rankscope", "--screenshot", "window.png", "demo")
        window = root.path / f"home/{USER}/window.png"
        (options.work / f"{root.path.name}-window.png").write_bytes(window.read_bytes())
        return facts

    def one_sentence(self, root, *words, part, **environment):
        run = root.run(*words, user=USER, check=False, **environment)
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        self.assertIn(part, run.stderr)


class Wheel(Installed):
    def wheel_in(self, release):
        wheel = built("rankscope-*.whl")
        self.assertIsNotNone(wheel, "./dev package wheel has made none")
        root = EmptyRoot(release, options.work, f"wheel-{release}")
        self.addCleanup(root.remove)
        root.install("python3-venv", "ca-certificates")
        name = root.put(wheel)
        minor = re.search(rf"torch==([\d.]+)\.\*", root.run("python3", "-c", (
            "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); "
            "print(z.read(next(n for n in z.namelist() if n.endswith('METADATA'))).decode())"), name).stdout)[1]

        # Without PyTorch, then with another one: a sentence each, and the window opens.
        root.run("python3", "-m", "venv", "/opt/bare")
        root.run("/opt/bare/bin/pip", "install", "-q", "--no-deps", name)
        cli = "/opt/bare/bin/rankscope-cli"
        self.one_sentence(root, cli, "spectrum", "demo", "--targets", "q", part=f"pip install \"torch=={minor}.*\"")
        root.run("/opt/bare/bin/rankscope", "--check-start", "demo", user=USER, QT_QPA_PLATFORM="offscreen")
        self.one_sentence(root, "/opt/bare/bin/rankscope", "demo", part="display")
        site = root.run("/opt/bare/bin/python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip()
        root.run("sh", "-c", f"mkdir {site}/torch && echo \"__version__ = '2.9.1+cpu'\" >{site}/torch/version.py")
        self.one_sentence(root, cli, "spectrum", "demo", "--targets", "q", part=f"is 2.9.1+cpu, but this Rankscope is built for {minor}")

        root.run("python3", "-m", "venv", "/opt/venv")
        start = time.monotonic()
        root.run("/opt/venv/bin/pip", "install", "-q", name)
        print(f"  {release}: pip install with PyTorch: {time.monotonic() - start:.0f} s", flush=True)
        facts = self.use(root, "/opt/venv/bin")
        self.assertTrue(facts["libtorch"]["version"].startswith(minor + "."))
        self.assertTrue(facts["libtorch"]["cuda_built"])
        self.one_sentence(root, "/opt/venv/bin/rankscope-cli", "spectrum", "demo", "--device", "cuda", "--no-cache", part="no GPU")
        self.without_avx2(root)
        root.run("/opt/venv/bin/pip", "uninstall", "-q", "-y", "rankscope")
        self.assertEqual(root.run("sh", "-c", "find / -xdev -name '*ankscope*' -not -path '/home/*' -not -path '/opt/bare/*' "
                                  "-not -path '/cache/*' -not -path '/proc/*'").stdout, "")

    def without_avx2(self, root):
        """A processor of 2008, emulated."""
        root.install("qemu-user")
        start = time.monotonic()
        program = root.run("sh", "-c", "find /opt/venv -path '*/_program/bin/rankscope-cli'").stdout.strip()
        run = root.run("qemu-x86_64", "-cpu", "Nehalem", program, "evaluate", "demo", "--limit", "2", "--metrics", "loss",
                       "--json", user=USER, check=False)
        print(f"  {root.release}: without AVX2: exit {run.returncode}, {time.monotonic() - start:.0f} s {run.stderr.strip()[:300]}")
        self.assertIn(run.returncode, (0, 1), run.stderr)
        if run.returncode == 0:
            self.assertEqual(json.loads(run.stdout)["runs"][0]["samples"], 2)
        else:
            self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)

    def test_bookworm(self):
        self.wheel_in("bookworm")

    def test_trixie(self):
        self.wheel_in("trixie")


class Deb(Installed):
    def debs_in(self, release):
        debs = [built(f"{package}_*~deb{RELEASES[release]}_amd64.deb") for package in ("rankscope-cli", "rankscope")]
        if None in debs:
            self.skipTest(f"no packages for {release}: build them there with ./dev package deb")
        root = EmptyRoot(release, options.work, f"deb-{release}")
        self.addCleanup(root.remove)
        root.run("apt-get", "update", "-q")
        files = [root.put(deb) for deb in debs]
        listing = ("sh", "-c", "find /usr /etc /opt -xdev | sort")
        # What apt brings along stays out of the comparison: it is installed before.
        needed = root.run("sh", "-c", f"apt-get install -y -s --no-install-recommends {' '.join(files)} | sed -n 's/^Inst \\([^ ]*\\).*/\\1/p'")
        root.install(*(name for name in needed.stdout.split() if not name.startswith("rankscope")))
        before = root.run(*listing).stdout
        root.install(*files)
        self.use(root, "/usr/bin")
        self.one_sentence(root, "/usr/bin/rankscope", "demo", part="display")
        root.run("apt-get", "purge", "-q", "-y", "rankscope", "rankscope-cli")
        self.assertEqual(root.run(*listing).stdout, before)

    def test_bookworm(self):
        self.debs_in("bookworm")

    def test_trixie(self):
        self.debs_in("trixie")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, default=pathlib.Path("build/roots"))
    parser.add_argument("--only", choices=("wheel", "deb"))
    parser.add_argument("--release", choices=tuple(RELEASES))
    parser.parse_args(namespace=options)
    options.work = options.work.resolve()
    print("PyTorch is fetched from PyPI on the first run: 2.6 GB.", flush=True)
    names = [f"{kind}.test_{release}" for kind in ("Wheel", "Deb") for release in RELEASES
             if options.only in (None, kind.lower()) and options.release in (None, release)]
    suite = unittest.defaultTestLoader.loadTestsFromNames(names, sys.modules[__name__])
    return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
