"""A real SLURM on one machine: munged, slurmctld and slurmds on loopback, all in one folder.

One node or more of two processors and a pretend GPU, partitions `cpu` and `gpu`. Nothing outside
the folder is touched, so a SLURM of the machine's own goes on beside it.
`python tests/slurm_cluster.py FOLDER` starts one to try things by hand and prints what to export.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")

CONF = """\
ClusterName=mixtura
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/none
GresTypes=gpu
MpiDefault=none
ReturnToService=2
KillWait=2
MinJobAge=7200
SlurmctldParameters=idle_on_node_suspend
SchedulerParameters=batch_sched_delay=1,sched_interval=2
{nodes}PartitionName=cpu Nodes=ALL Default=YES MaxTime=60
PartitionName=gpu Nodes=ALL MaxTime=60
"""
NODE = """\
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 RealMemory=8000 Gres=gpu:1
"""


def missing() -> str | None:
    """Why no SLURM can be started here, or None."""
    lacking = [tool for tool in TOOLS if not _tool(tool)]
    if lacking:
        return f"SLURM is not installed: no {', '.join(lacking)} (apt-get install slurm-wlm munge)"
    return None if os.geteuid() == 0 else "slurmd needs root to start a node"


def _tool(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def _port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


class Cluster:
    """A started SLURM; `environment` is what its users need."""

    def __init__(self, folder: Path, nodes: int = 1) -> None:
        """Write the configuration, start the daemons and wait until the nodes are idle."""
        self.folder, host = folder, socket.gethostname().split(".")[0]
        self.nodes = [f"{host}-{number}" for number in range(nodes)]
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("state", "bin", *(f"spool-{node}" for node in self.nodes)):
            (folder / name).mkdir(parents=True)
        folder.chmod(0o755)
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        conf = folder / "slurm.conf"
        lines = [NODE.format(node=node, host=host, port=_port()) for node in self.nodes]
        text = CONF.format(host=host, folder=folder, ctld_port=_port(), nodes="".join(lines))
        conf.write_text(text)
        (folder / "cgroup.conf").write_text("CgroupAutomount=no\n")
        gres = [f"NodeName={node} Name=gpu File=/dev/null\n" for node in self.nodes]
        (folder / "gres.conf").write_text("AutoDetect=off\n" + "".join(gres))
        # The plugin drops SLURM_CONF on the way to a job's srun: this one brings it back.
        srun = folder / "bin/srun"
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {_tool("srun")} "$@"\n')
        srun.chmod(0o755)
        self.environment = {
            **os.environ,
            "SLURM_CONF": str(conf),
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        }
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        folder, conf = self.folder, str(self.folder / "slurm.conf")
        munge = ["--foreground", f"--key-file={folder}/munge.key"]
        munge += [f"--socket={folder}/munge.socket", f"--pid-file={folder}/munge.pid"]
        munge += [f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed", "--force"]
        self._daemon("munged", *munge)
        for _ in range(100):
            if (folder / "munge.socket").exists():
                break
            time.sleep(0.1)
        self.start_controller()
        for node in self.nodes:
            self._daemon("slurmd", "-D", "-f", conf, "-N", node, as_=node)
        for _ in range(120):
            states = self.run("sinfo", "-h", "-N", "-p", "cpu", "-o", "%T", check=False).split()
            if states == ["idle"] * len(self.nodes):
                return
            time.sleep(0.5)
        raise RuntimeError(f"SLURM did not start: see the logs in {folder}\n{self.logs()}")

    def _daemon(self, name: str, *arguments: str, as_: str = "") -> None:
        tool = _tool(name)
        assert tool
        with (self.folder / f"{as_ or name}.out").open("ab") as out:
            self.daemons[as_ or name] = subprocess.Popen(
                [tool, *arguments],
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def start_controller(self) -> None:
        """Start slurmctld, which knows the jobs that it had before."""
        self._daemon("slurmctld", "-D", "-f", str(self.folder / "slurm.conf"))

    def stop_controller(self) -> None:
        """Stop slurmctld as a crash does; jobs run on.

        It has written down all that it knew before: a job that it forgets is started twice, and
        SLURM then takes the node away.
        """
        state = self.folder / "state/job_state"
        before = state.stat().st_mtime_ns if state.exists() else 0
        last = self.jobs()[-1]["JobId"]
        self.run("scontrol", "update", f"JobId={last}", "AdminComment=saved")
        end = time.monotonic() + 60
        while time.monotonic() < end and not (state.exists() and state.stat().st_mtime_ns > before):
            time.sleep(0.2)
        self.daemons["slurmctld"].kill()
        self.daemons["slurmctld"].wait()

    def logs(self) -> str:
        """The last lines of the daemons."""
        files = sorted([*self.folder.glob("*.out"), *self.folder.glob("*.log")])
        return "\n".join(f"{file.name}: {file.read_text()[-800:]}" for file in files)

    def run(self, *command: str, check: bool = True) -> str:
        """Output of a SLURM command."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=60
        )
        if check and done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout

    def jobs(self) -> list[dict[str, str]]:
        """Everything SLURM knows of its jobs, oldest first."""
        lines = self.run("scontrol", "show", "job", "--oneliner", check=False).splitlines()
        files = [
            dict(word.split("=", 1) for word in line.split() if "=" in word)
            for line in lines
            if line.startswith("JobId=")
        ]
        return sorted(files, key=lambda job: int(job["JobId"]))

    def job(self, number: str) -> dict[str, str]:
        """What SLURM knows of one job."""
        return next(job for job in self.jobs() if job["JobId"] == number)

    def processes(self, job: str, step: str = "") -> list[int]:
        """Process numbers of a job on this machine, or of one step of it."""
        lines = self.run("scontrol", "listpids", job, check=False).splitlines()[1:]
        rows = [line.split() for line in lines]
        return [int(row[0]) for row in rows if int(row[0]) > 0 and step in ("", row[2])]

    def wait_for(self, rule: str, state: str = "RUNNING", seconds: float = 400) -> dict[str, str]:
        """The newest job of a rule, once it is in this state."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for job in reversed(self.jobs()):
                if job.get("Comment", "").startswith(f"rule_{rule}") and job["JobState"] == state:
                    return job
            time.sleep(0.3)
        raise TimeoutError(f"no job of {rule} became {state}: {self.jobs()}")

    def wait_for_step(self, job: str, seconds: float = 120) -> None:
        """Until what the job runs has begun, which takes the controller."""
        end = time.monotonic() + seconds
        while f"{job}.0" not in self.run("squeue", "--steps", "--noheader", f"--jobs={job}"):
            if time.monotonic() > end:
                raise TimeoutError(f"job {job} runs nothing")
            time.sleep(0.3)

    def stop(self) -> None:
        """End the daemons and whatever jobs are left."""
        self.run("scancel", "--user=root", check=False)
        for daemon in reversed(self.daemons.values()):
            daemon.terminate()
        for daemon in reversed(self.daemons.values()):
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(daemon.pid, signal.SIGKILL)
                daemon.wait()


if __name__ == "__main__":
    if reason := missing():
        sys.exit(reason)
    cluster = Cluster(Path(sys.argv[1]).resolve())
    print(f"export SLURM_CONF={cluster.folder}/slurm.conf PATH={cluster.folder}/bin:$PATH")
    print("Ctrl-C stops it", flush=True)
    try:
        signal.pause()
    finally:
        cluster.stop()
