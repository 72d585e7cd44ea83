"""What runs in the sandbox, beside a student's code or just before it. Nothing that it says is believed."""
