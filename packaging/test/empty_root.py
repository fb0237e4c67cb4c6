# SPDX-License-Identifier: Apache-2.0
"""An empty Debian system in a folder: debootstrap's minimal variant, entered with chroot. Needs root."""

import os
import pathlib
import shutil
import subprocess

# How the user's pip reaches PyPI holds in there too.
PASSED = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
USER = "researcher"


def mirror():
    """The Debian mirror that apt of this machine uses."""
    shown = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages"],
                           check=True, capture_output=True, text=True).stdout
    return next(line.split()[0] for line in shown.splitlines() if line.endswith(" main") and "security" not in line)


class EmptyRoot:
    """A copy of the release's minimal system below `folder`; removed by `remove()`."""

    def __init__(self, release, folder, name):
        base = folder / f"base-{release}"
        if not (base / ".ready").exists():
            shutil.rmtree(base, ignore_errors=True)
            base.mkdir(parents=True)
            subprocess.run(["debootstrap", "--variant=minbase", release, base, mirror()], check=True, stdout=subprocess.DEVNULL)
            (base / ".ready").touch()
        self.release = release
        self.path = folder / name
        self.cache = folder / "pip-cache"  # PyTorch is fetched once for all systems
        self.cache.mkdir(exist_ok=True)
        self.remove()
        subprocess.run(["cp", "--archive", "--reflink=auto", base, self.path], check=True)
        shutil.copyfile("/etc/resolv.conf", self.path / "etc/resolv.conf")
        (self.path / "cache").mkdir()
        if "PIP_CERT" in os.environ:  # not in /etc/ssl, where ca-certificates writes its own
            shutil.copyfile(os.environ["PIP_CERT"], self.path / "pip-cert.pem")
        self.run("useradd", "--create-home", USER)

    def run(self, *words, user="root", check=True, timeout=1800, **environment):
        """Runs a command in there, with /proc, a fresh /dev/shm and pip's cache; gives CompletedProcess."""
        variables = {name: value for name, value in os.environ.items() if name.startswith(PASSED)}
        variables |= {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": f"/home/{USER}",
                      "DEBIAN_FRONTEND": "noninteractive", "PIP_CACHE_DIR": "/cache"}
        if "PIP_CERT" in variables:
            variables["PIP_CERT"] = "/pip-cert.pem"
        variables |= environment
        script = ('mount -t proc proc "$0/proc" && mount -t tmpfs shm "$0/dev/shm" && mount --bind "$1" "$0/cache" '
                  '&& user=$2 && root=$0 && shift 2 && exec chroot --userspec="$user:$user" "$root" "$@"')
        if user != "root":
            words = ("sh", "-c", 'cd "$HOME" && exec "$@"', "sh", *words)
        done = subprocess.run(
            ["unshare", "--mount", "--fork", "--pid", "sh", "-c", script, self.path, self.cache, user, *words],
            env=variables, capture_output=True, text=True, timeout=timeout, errors="replace",
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done

    def install(self, *packages):
        self.run("apt-get", "update", "-q")
        self.run("apt-get", "install", "-q", "-y", "--no-install-recommends", *packages)

    def put(self, file, folder="/home/" + USER):
        """Copies a file in; gives its path in there."""
        shutil.copy(file, self.path / folder.lstrip("/"))
        return f"{folder}/{pathlib.Path(file).name}"

    def remove(self):
        if self.path.exists():
            subprocess.run(["rm", "-rf", "--one-file-system", self.path], check=True)
