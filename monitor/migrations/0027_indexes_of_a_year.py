from django.db import migrations, models
from django.db.models import Max, OuterRef, Subquery

from monitor.migrations._running import AddIndexWhileRunning

CALLS = 1_000  # whose rows are changed in one transaction


def copy_agents(apps, schema_editor):
    """Give each tap and each listen session the agent of its call, some calls at a time."""
    Call = apps.get_model("monitor", "Call")
    Tap = apps.get_model("monitor", "Tap")
    ListenSession = apps.get_model("monitor", "ListenSession")
    last = Call.objects.aggregate(last=Max("pk"))["last"] or 0
    agent_of_call = Call.objects.filter(pk=OuterRef("call_id")).values("agent")
    agent_of_tap = Tap.objects.filter(pk=OuterRef("tap_id")).values("agent")
    for first in range(1, last + 1, CALLS):
        taps = Tap.objects.filter(call_id__gte=first, call_id__lt=first + CALLS)
        taps.update(agent=Subquery(agent_of_call))
        listens = ListenSession.objects.filter(tap__in=taps)
        listens.update(agent=Subquery(agent_of_tap))


class Migration(migrations.Migration):
    """Index what the history filters by. On PostgreSQL nobody waits for it."""

    atomic = False

    dependencies = [
        ('monitor', '0026_agent_of_tap'),
    ]

    operations = [
        migrations.RunPython(copy_agents, migrations.RunPython.noop),
        AddIndexWhileRunning(
            model_name='tap',
            index=models.Index(fields=['agent', '-requested_at'], name='tap_of_agent'),
        ),
        AddIndexWhileRunning(
            model_name='tap',
            index=models.Index(fields=['direction', '-requested_at'], name='tap_of_direction'),
        ),
        AddIndexWhileRunning(
            model_name='tap',
            index=models.Index(fields=['codec', '-requested_at'], name='tap_of_codec'),
        ),
        AddIndexWhileRunning(
            model_name='tap',
            index=models.Index(fields=['transport', '-requested_at'], name='tap_of_transport'),
        ),
        AddIndexWhileRunning(
            model_name='listensession',
            index=models.Index(fields=['agent', '-started_at'], name='listen_of_agent'),
        ),
        AddIndexWhileRunning(
            model_name='call',
            index=models.Index(fields=['agent', '-created_at'], name='call_of_agent'),
        ),
        migrations.AlterField(
            model_name='call',
            name='agent',
            field=models.CharField(blank=True, max_length=100, verbose_name='agent'),
        ),
    ]
