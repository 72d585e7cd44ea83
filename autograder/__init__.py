"""Release, collect, grade, judge and report the course's homework.

Trusted code only: nothing in here is shipped to students or imported by the kernel that runs their notebooks.
"""
