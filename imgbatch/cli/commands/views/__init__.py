"""Views: what is shown of folders that stay as they are?"""
