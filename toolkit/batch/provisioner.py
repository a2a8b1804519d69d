"""Jupyter's kernels from a warm process: by choosing the kernelspec `toolkit-warm`, nothing else changes.

The kernel that is forked is IPython's own, with sockets and all, so JupyterLab, nbclient, nbval and nbmake see no
difference but the time that it takes to start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import List, Unicode

if TYPE_CHECKING:
    from jupyter_client.connect import KernelConnectionInfo

LAUNCHER = "ipykernel_launcher"


class WarmProvisioner(LocalProvisioner):
    """Starts kernels by forking; where none can be forked, or the command is another's, as Jupyter does.

    `modules` of the kernelspec's `metadata.kernel_provisioner.config` are imported in advance, where they are
    installed; what kernels that have ended had imported is added to them.
    """

    modules = List(Unicode()).tag(config=True)
    process: Any = None  # in place of a `subprocess.Popen`

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:  # noqa: ANN401
        """Start a kernel."""
        from toolkit.batch.link import can_fork, open_template  # noqa: PLC0415  (Jupyter asks every provisioner its name)
        from toolkit.batch.requests import Request, Spec, lasting  # noqa: PLC0415

        if not can_fork() or LAUNCHER not in cmd:
            return await super().launch_kernel(cmd, **kwargs)
        environment = dict(kwargs["env"])
        link = open_template(Spec("kernel", (), tuple(self.modules), lasting(environment)))
        arguments = cmd[cmd.index(LAUNCHER) + 1 :]
        self.cwd = kwargs.get("cwd") or "."
        self.process = link.start(Request("kernel", arguments, str(self.cwd), environment))
        link.close()
        self.pid = self.pgid = self.process.begun()
        return self.connection_info
