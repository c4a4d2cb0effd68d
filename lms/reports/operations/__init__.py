"""What is done with reports beyond reading them: handing the trail out."""
