"""Where every user's nbgrader finds the class; stands at /etc/jupyter/nbgrader_config.py."""

import grp
import os

c = get_config()  # noqa: F821
c.Exchange.root = "/srv/nbgrader/exchange"
c.CourseDirectory.course_id = "quantlab"
if grp.getgrnam("instructors").gr_gid in os.getgroups():
    c.CourseDirectory.root = os.path.expanduser("~/course")
