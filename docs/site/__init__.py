"""The reading site: lessons, words, guides and the reference as pages. python -m docs.site"""
