"""What happens to an event on its way from a source to where it is used."""
