from django.db import migrations

#: What one may do from now on only with a permission of its own, and the permissions with which one
#: could do it before.
BEFORE = {
    ('view_call', 'Can view call'): ('view_tap',),  # the history of taps is that of their calls
    ('export_history', 'Can export the history'): (
        'view_call', 'view_tap', 'view_listensession', 'view_ledgerentry',
    ),
}


def keep_abilities(apps, schema_editor):
    """Give groups and users the permissions for what they could do without them."""
    Group, Permission, User = (apps.get_model('auth', name) for name in ('Group', 'Permission', 'User'))
    ContentType = apps.get_model('contenttypes', 'ContentType')
    for (codename, name), others in BEFORE.items():
        having = Permission.objects.filter(content_type__app_label='monitor', codename__in=others)
        groups = list(Group.objects.filter(permissions__in=having).distinct())
        users = list(User.objects.filter(user_permissions__in=having).distinct())
        if not groups and not users:
            continue
        of_calls, _ = ContentType.objects.get_or_create(app_label='monitor', model='call')
        permission, _ = Permission.objects.get_or_create(
            content_type=of_calls, codename=codename, defaults={'name': name}
        )
        for group in groups:
            group.permissions.add(permission)
        for user in users:
            user.user_permissions.add(permission)


class Migration(migrations.Migration):

    dependencies = [
        ('monitor', '0021_ledger_kinds'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='call',
            options={'ordering': ('-created_at',), 'permissions': [('see_full_numbers', 'Can see callers’ full numbers'), ('pause_call', 'Can pause the monitoring of calls'), ('export_history', 'Can export the history')], 'verbose_name': 'call', 'verbose_name_plural': 'calls'},
        ),
        migrations.RunPython(keep_abilities, migrations.RunPython.noop),
    ]
