"""Makes lines for a shell harmless: `!pip install numpy`, `%pip install numpy`, `files = !ls`.

There is no shell where a submission runs, and a line for one says nothing about the answer below it, so it is left out,
with a note, and the cell goes on. The text of this file is run in a student's kernel before the first cell. A cell that
is all for another program, such as one below `%%bash`, runs nothing: IPython says itself that the program is not there.
"""

from IPython import get_ipython
from IPython.utils.text import SList


def leave_out(line, *args, **kwargs):
    print(f"There is no shell here, so this line was left out: {line}")


def leave_out_what_is_read(line, *args, **kwargs):
    leave_out(line)
    return SList()


def for_magic(name):
    return lambda line: leave_out(f"%{name} {line}")


shell = get_ipython()
shell.system = shell.system_piped = shell.system_raw = leave_out
shell.getoutput = leave_out_what_is_read
for name in ("pip", "conda", "mamba", "micromamba", "uv"):
    shell.register_magic_function(for_magic(name), "line", name)
