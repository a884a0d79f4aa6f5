"""Stories: one a file, titled by its plot, over real HTTP to the sandbox PSP."""
