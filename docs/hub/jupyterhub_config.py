"""A class on one machine: accounts of the system, a server each, two environments.

Read by JupyterHub 5. docs/hub/one_machine.md says what stands at these paths; tests/hub runs both.
"""

import grp

STUDENTS = "/srv/students/.venv/bin"
INSTRUCTORS = "/srv/instructors/.venv/bin"
# A login shell would read /etc/profile, which sets PATH anew.
TERMINAL = ["--ServerApp.terminado_settings=shell_command=/bin/bash"]
NOTHING_TO_GRADE = [
    f"--ServerApp.jpserver_extensions=nbgrader.server_extensions.{name}=False"
    for name in ("formgrader", "course_list")
]

c = get_config()  # noqa: F821

# Loopback alone: what the world sees is a web server in front, which speaks HTTPS.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.JupyterHub.db_url = "sqlite:////srv/jupyterhub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "/srv/jupyterhub/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = "/srv/jupyterhub/proxy.pid"

# The system's own accounts and passwords; who is in neither group stays outside.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {"students", "instructors"}
c.PAMAuthenticator.open_sessions = False

# Each server is a process of its user: what others may read is what the file system says.
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.default_url = "/lab"
c.Spawner.env_keep = ["LANG", "LC_ALL"]
# A thread that waits sleeps: many kernels share the cores.
c.Spawner.environment = {"OMP_WAIT_POLICY": "PASSIVE"}
c.Spawner.http_timeout = 120


def own_environment(spawner):
    """An instructor's server has the whole project; its programs come first in a terminal."""
    instructor = spawner.user.name in grp.getgrnam("instructors").gr_mem
    programs = INSTRUCTORS if instructor else STUDENTS
    spawner.cmd = [f"{programs}/jupyterhub-singleuser"]
    spawner.args = TERMINAL + ([] if instructor else NOTHING_TO_GRADE)
    path = {"PATH": f"{programs}:/usr/local/bin:/usr/bin:/bin"}
    spawner.environment = spawner.environment | path


c.Spawner.pre_spawn_hook = own_environment
