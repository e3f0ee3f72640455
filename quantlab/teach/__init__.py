"""What a lesson is written with: exercises and their judge, quizzes, pictures, an explorer's base.

Nothing here knows a lesson, a learner or progress.
"""
