"""What a person starts or schedules: straight lines, no logic."""
