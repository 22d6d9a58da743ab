"""An embedded object store: SeaweedFS's S3 gateway on loopback.

Layout of the home folder: `data/`, `keys/` (0600 in 0700: credentials and the gateway's configuration), `ports.json`,
`object-store.log`. Its ports are picked free and kept for the next start, since the store remembers its own address.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sysconfig
import time
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deploy.embedded.errors import PartFailureError, disk_errors, require_space
from deploy.embedded.os_user import private_folder, write_private
from deploy.embedded.ports import COMPANION, LOOPBACK, pick
from deploy.embedded.processes import log_tail, mark, rotate_log, send_session, spawn

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "chengguo"
_READY_BUCKET, _READY_KEY, _READY_BODY = "readiness", "known-object", b"ready"
_REGION = "us-east-1"
_START_SECONDS = 60.0
_NEEDED_MEGABYTES = 300
_PORT_ATTEMPTS = 4  # another program may take a port between our look and the server's bind


class ObjectStore:
    """One SeaweedFS server in `data_dir`. `durable=False` (tests) stops it without a grace period."""

    name = "对象存储"

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.home = data_dir.resolve()
        self.durable = durable
        self.log = self.home / "object-store.log"
        self.bucket = BUCKET
        self.process: subprocess.Popen[bytes] | None = None
        self._attempts = 0
        self.access_key = ""
        self.secret_key = ""
        self._ports: list[int] = []
        self._inner_key = ""

    @property
    def endpoint(self) -> str:
        """`http://127.0.0.1:<port>` of the S3 gateway."""
        return f"http://{LOOPBACK}:{self._ports[3]}"

    def client(self, read_timeout: float = 30.0) -> S3Client:
        """A boto3 client with this store's credentials; `read_timeout` in seconds."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=_REGION,
            config=Config(
                signature_version="s3v4",
                s3={"addressing_style": "path"},
                connect_timeout=1,
                read_timeout=read_timeout,
                retries={"total_max_attempts": 1},
            ),
        )

    def start(self) -> None:
        """Start it and wait until a known object can be read. Raises PartFailureError."""
        self.prepare()
        self.launch()
        self.wait_ready()

    def prepare(self) -> None:
        """Folders, credentials and ports."""
        with disk_errors(self.home):
            self.home.mkdir(parents=True, exist_ok=True)
            require_space(self.home, _NEEDED_MEGABYTES)
            private_folder(self.home / "data")
            self._load_credentials()

    def attach(self) -> bool:
        """Know a store that another process may be running; nothing is started. Whether it answers."""
        ports_file = self.home / "ports.json"
        if not ports_file.exists():
            return False
        self._load_credentials()
        self._ports = json.loads(ports_file.read_text())
        try:
            self.client(read_timeout=5).get_object(Bucket=_READY_BUCKET, Key=_READY_KEY)["Body"].read()
        except (BotoCoreError, ClientError):
            return False
        return True

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server process without waiting for it."""
        ports_file = self.home / "ports.json"
        before: list[int] = json.loads(ports_file.read_text()) if ports_file.exists() else []
        with disk_errors(self.home):
            self._ports = pick(4, companion=True, wanted=before)
            ports_file.write_text(json.dumps(self._ports))
            rotate_log(self.log)
        master, volume, filer, gateway = self._ports
        argv: list[str | Path] = [
            Path(sysconfig.get_path("scripts")) / "weed",
            "-logtostderr=true",
            "server",
            f"-dir={self.home / 'data'}",
            f"-ip={LOOPBACK}",
            f"-ip.bind={LOOPBACK}",
            "-master.telemetry=false",
            f"-master.port={master}",
            "-master.volumeSizeLimitMB=64",
            "-master.electionTimeout=500ms",
            "-master.heartbeatInterval=100ms",
            f"-volume.port={volume}",
            "-volume.max=0",
            "-volume.preStopSeconds=0",
            "-filer",
            f"-filer.port={filer}",
            f"-filer.localSocket={self.home / 'data' / 'filer.sock'}",
            "-s3",
            f"-s3.port={gateway}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            f"-s3.config={self.home / 'keys' / 's3.json'}",
        ]
        # Its own home and folder: it would otherwise read configuration from the person's.
        env = {"PATH": os.defpath, "HOME": str(self.home), "GOMEMLIMIT": "400MiB", "TMPDIR": str(self.home / "data")}
        # The inner services ask for a token too, so that other users of the machine cannot pass by the gateway.
        for service in ("JWT_SIGNING", "JWT_SIGNING_READ", "JWT_FILER_SIGNING", "JWT_FILER_SIGNING_READ"):
            env[f"WEED_{service}_KEY"] = self._inner_key
        env["WEED_MASTER_VOLUME_GROWTH_COPY_1"] = "2"  # seven volumes per bucket by default
        self.process = spawn(argv, cwd=self.home / "data", env=env, log=self.log)
        return self.process

    def wait_ready(self, seconds: float = _START_SECONDS) -> None:
        """Wait until a known object is read back: after a restart it lists buckets before it can read an object."""
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if self.process is None or self.process.poll() is not None:
                if self._try_other_ports():
                    continue
                raise PartFailureError(
                    f"对象存储未能启动。日志 {self.log} 的末尾：\n{log_tail(self.log)}",
                    "若提示空间不足请清理磁盘，若提示端口被占用请重新运行。",
                )
            if time.monotonic() > deadline:
                raise PartFailureError(f"对象存储在 {seconds:.0f} 秒内未就绪。", f"请查看日志 {self.log}。")
            time.sleep(0.1)

    def _try_other_ports(self) -> bool:
        """Launch again when the server ended because a port had just been taken."""
        self._attempts += 1
        if self._attempts >= _PORT_ATTEMPTS or "address already in use" not in log_tail(self.log):
            return False
        (self.home / "ports.json").unlink(missing_ok=True)
        self.launch()
        return True

    def is_ready(self) -> bool:
        """One attempt to read the known object; makes it, and the bucket, on a new store."""
        if self.process is None or self.process.poll() is not None:
            return False
        made = self.home / "made"
        client = self.client(read_timeout=1.5)  # a gateway that has just come up may leave a request hanging
        try:
            if not made.exists():
                for bucket in (_READY_BUCKET, self.bucket):
                    self._make_bucket(client, bucket)
                client.put_object(Bucket=_READY_BUCKET, Key=_READY_KEY, Body=_READY_BODY)
            body = client.get_object(Bucket=_READY_BUCKET, Key=_READY_KEY)["Body"].read()
        except (BotoCoreError, ClientError):
            return False
        made.touch()
        return bool(body == _READY_BODY)

    def stop(self, seconds: float = 3.0) -> None:
        """SIGTERM, after `seconds` SIGKILL (what was acknowledged survives both). Harmless when not running."""
        process = self.process
        if process is None:
            return
        leader = mark(process.pid)
        if self.durable and process.poll() is None:
            process.terminate()
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        process.kill()
        process.wait()
        if leader:
            send_session(leader, signal.SIGKILL)
        self.process = None
        for port in self._ports:  # named by port, outside our folder, and not removed after a kill
            for service in ("master", "volume", "filer", "s3"):
                for name in (f"{service}-{port}", f"{service}-grpc-{port + COMPANION}"):
                    Path(f"/tmp/seaweedfs-{name}.sock").unlink(missing_ok=True)

    def __enter__(self) -> ObjectStore:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @staticmethod
    def _make_bucket(client: S3Client, bucket: str) -> None:
        try:
            client.create_bucket(Bucket=bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("BucketAlreadyExists", "BucketAlreadyOwnedByYou"):
                raise

    def _load_credentials(self) -> None:
        keys = private_folder(self.home / "keys")
        file = keys / "credentials.json"
        if not file.exists():
            made = {
                "access_key": secrets.token_hex(10),
                "secret_key": secrets.token_urlsafe(30),
                "inner_key": secrets.token_urlsafe(30),
            }
            write_private(file, json.dumps(made))
        known = json.loads(file.read_text())
        self.access_key, self.secret_key = known["access_key"], known["secret_key"]
        self._inner_key = known["inner_key"]
        credential = {"accessKey": self.access_key, "secretKey": self.secret_key}
        identity = {
            "name": "app",
            "credentials": [credential],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        }
        write_private(keys / "s3.json", json.dumps({"identities": [identity]}))
