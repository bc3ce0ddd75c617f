from django.db import migrations

#: Whoever has one of these has seen callers' numbers as they are, or could search by them.
SHOWN = ('view_tap', 'listen_tap', 'view_call', 'view_listensession', 'view_callorder')


def keep_numbers_shown(apps, schema_editor):
    """Let those who see numbers now see them as before. New groups and users see them masked."""
    Group, Permission, User = (apps.get_model('auth', name) for name in ('Group', 'Permission', 'User'))
    ContentType = apps.get_model('contenttypes', 'ContentType')
    having = Permission.objects.filter(content_type__app_label='monitor', codename__in=SHOWN)
    groups = list(Group.objects.filter(permissions__in=having).distinct())
    users = list(User.objects.filter(user_permissions__in=having).distinct())
    if not groups and not users:
        return
    of_calls, _ = ContentType.objects.get_or_create(app_label='monitor', model='call')
    full_numbers, _ = Permission.objects.get_or_create(
        content_type=of_calls, codename='see_full_numbers', defaults={'name': 'Can see callers’ full numbers'}
    )
    for group in groups:
        group.permissions.add(full_numbers)
    for user in users:
        user.user_permissions.add(full_numbers)


class Migration(migrations.Migration):

    dependencies = [
        ('monitor', '0015_ledger'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('contenttypes', '0002_remove_content_type_name'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='call',
            options={'ordering': ('-created_at',), 'permissions': [('see_full_numbers', 'Can see callers’ full numbers')], 'verbose_name': 'call', 'verbose_name_plural': 'calls'},
        ),
        migrations.RunPython(keep_numbers_shown, migrations.RunPython.noop),
    ]
