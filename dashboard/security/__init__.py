"""How staff log in and prove who they are: the mid-office's use of django-allauth."""
