from django.db import migrations, models


class Migration(migrations.Migration):
    """Give taps and listen sessions their call's agent. PostgreSQL adds such a column at once."""

    dependencies = [
        ('monitor', '0025_provider_identity'),
    ]

    operations = [
        migrations.AddField(
            model_name='listensession',
            name='agent',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=100, verbose_name='agent'),
        ),
        migrations.AddField(
            model_name='tap',
            name='agent',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=100, verbose_name='agent'),
        ),
    ]
