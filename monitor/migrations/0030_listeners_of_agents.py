from django.db import migrations, models

from monitor.migrations._running import AddIndexWhileRunning


class Migration(migrations.Migration):
    """Index who has listened to which agent. On PostgreSQL nobody waits for it."""

    atomic = False

    dependencies = [
        ("monitor", "0029_listen_reasons"),
    ]

    operations = [
        AddIndexWhileRunning(
            model_name="listensession",
            index=models.Index(fields=["agent", "user"], name="listener_of_agent"),
        ),
    ]
