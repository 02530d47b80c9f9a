"""Given names that are common in a dozen languages, without those that are words or places, too (Will, Rose, Paris)."""

_NAMES = """
Aaron Abdul Abigail Adam Adele Adrian Adriana Agnes Agnieszka Ahmed Aisha Akira Alain Alan Albert Alberto Alejandra
Alejandro Alessandra Alessandro Alex Alexander Alexandra Alexis Alfred Alfredo Ali Alice Alicia Alison Allison
Amanda Amber Amelia Amir Amit Amy Ana Anders Andrea Andreas Andrei Andrew Andrzej Andy Angela Angelika Anika Anita
Anja Anke Ann Anna Anne Annette Annie Anthony Antoine Antonia Antonio Anton Antje Arjun Armin Arnaud Arthur Arturo
Astrid Audrey Axel Ayse Barbara Barry Bartosz Beata Beatrice Beatriz Ben Benedikt Benjamin Benoît Bernard Bernd
Bernhard Beth Betty Beverly Björn Bob Bogdan Brad Brandon Brenda Brendan Brent Brian Bridget Britta Bruce Bruno
Bryan Camille Carina Carl Carla Carlo Carlos Carmen Carol Caroline Carolyn Carsten Catherine Cathy Cecilia Cédric
Charles Charlie Cheryl Chiara Chris Christa Christian Christiane Christina Christine Christoph Christophe
Christopher Chuck Cindy Claire Clara Claude Claudia Claudio Claus Clément Connie Craig Cristina Cynthia Daan Dale
Damien Dan Daniel Daniela Daniele Danielle Danny Dariusz Darren Dave David Deborah Debbie Debra Denis Dennis Derek
Diana Diane Diego Dieter Dietmar Dirk Dmitri Dominik Dominique Donald Donna Doris Dorothea Dorothy Doug Douglas
Duncan Ed Eddie Eduardo Edward Edwin Eileen Elaine Elena Eleanor Elisabeth Elizabeth Elke Ellen Elsa Emil Emily
Emma Emmanuel Enrico Enrique Eric Erica Erich Erik Erika Ernst Esther Eugene Eva Evelyn Ewa Fabian Fabio Fabrice
Fatima Federico Felicia Felicitas Felipe Felix Fernanda Fernando Filip Fiona Florian Francesca Francesco Francis
Francisco Franck François Françoise Frank Franz Fred Frederic Frédéric Frederick Friedrich Fritz Gabriel Gabriele
Gabriella Gail Gareth Gary Geoff Geoffrey George Georg Gerald Gerard Gérard Gerd Gerhard Gert Giacomo Gina Giorgio
Giovanna Giovanni Giulia Giulio Giuseppe Gisela Glenn Gloria Gordon Grant Greg Gregory Greta Grzegorz Guido
Guillaume Günter Günther Gustav Hannah Hanna Hannes Hans Harald Harold Harry Harvey Hassan Heather Heidi Heike
Heiko Heiner Heinrich Heinz Helen Helena Helene Helga Helmut Henri Henrik Henry Herbert Hermann Hilary Hilde
Hiroshi Holger Horst Howard Hugh Hugo Ian Ibrahim Ignacio Igor Ilse Ines Inge Ingo Ingrid Irene Irina Isaac Isabel
Isabelle Isabella Ivan Jacek Jacob Jacqueline Jacques Jaime Jake Jakob James Jamie Jan Jana Jane Janet Janice
Janina Jared Jason Javier Jay Jean Jeanne Jeff Jeffrey Jennifer Jenny Jens Jeremy Jérôme Jerry Jesper Jesse Jessica
Jill Jim Jimmy Jo Joachim Joan Joanna Joanne João Joaquín Jochen Joe Joel Joerg Johan Johann Johanna Johannes John
Johnny Jon Jonas Jonathan Jörg Jorge José Josef Joseph Josh Joshua Juan Juana Judith Judy Julia Julian Juliane
Julie Julien Juliette Julio Jürgen Justin Justyna Jutta Kai Karen Karin Karl Karla Karol Karsten Kate Katharina
Katherine Kathleen Kathrin Kathryn Kathy Katie Katja Katrin Katarzyna Kay Keith Kelly Ken Kenneth Kerstin Kevin Kim
Klara Klaus Konrad Kristen Kristin Kristina Krystyna Krzysztof Kurt Kyle Larry Lars Laszlo Laura Laurent Lauren
Laurence Lea Leah Lee Lena Leo Leon Leonard Leonardo Leonie Leslie Liam Linda Lindsay Lisa Liz Lorenz Lorenzo
Lothar Louis Louise Luc Luca Lucas Lucia Lucía Lucie Lucy Ludwig Luis Luisa Luise Lukas Łukasz Lynn Maciej Magda
Magdalena Maike Malcolm Małgorzata Manfred Manuel Manuela Marc Marcel Marcelo Marcin Marco Marcos Marcus Marek
Margaret Margarita Margit Maria María Marie Marianne Mariana Marina Mario Marion Marisa Mark Markus Marlene Marta
Martha Martin Martina Martine Marty Mary Maryam Mathias Mathieu Mats Matt Matteo Matthew Matthias Mattias Maurice
Mauricio Max Maxime Megan Mehmet Melanie Melissa Michael Michaela Michał Michel Michele Michelle Miguel Mike Mikael
Milan Mohamed Mohammed Monica Monika Monique Moritz Morten Mustafa Nadia Nadine Nancy Naomi Natalia Natalie Nathan
Nathalie Neil Nicholas Nick Nico Nicola Nicolas Nicole Niels Nigel Nikolai Nikolaus Nils Nina Noah Nora Norbert
Norman Nuno Oleg Olaf Olga Oliver Olivia Olivier Oscar Oskar Otto Pablo Paola Paolo Pascal Patrice Patricia Patrick
Patrik Patrizia Paul Paula Paulo Pavel Pawel Paweł Pedro Peggy Per Peter Petra Phil Philip Philipp Philippe Phillip
Phyllis Pierre Pietro Piotr Priya Rachel Rafael Rainer Raj Rajesh Ralf Ralph Ramón Randy Raphael Raúl Ravi Raymond
Rebecca Reinhard Renate Renata René Ricardo Riccardo Richard Rick Ricky Rita Robert Roberta Roberto Robin Rodolfo
Rodrigo Roger Roland Rolf Roman Romain Ron Ronald Ronja Rosemary Roy Rüdiger Rudolf Russell Ruth Ryan Sabine
Sabrina Sally Sam Samantha Samuel Sandra Sandrine Sandy Sanjay Sanne Sara Sarah Sascha Sebastian Sébastien Sergei
Sergio Shannon Sharon Shaun Sheila Shelley Sherry Shirley Silke Silvia Simon Simone Sofia Sofie Sonia Sonja Sophia
Sophie Stacy Stefan Stefanie Stefano Steffen Stephan Stephanie Stéphane Stephen Steve Steven Stuart Sue Sunil Susan
Susana Susanne Suzanne Sven Svetlana Sylvia Sylvie Takashi Tamara Tanja Tanya Tara Teresa Terry Theo Theodor
Theresa Thierry Thomas Thorsten Tiffany Till Tim Timothy Tina Tobias Todd Tom Tomas Tomasz Tommy Toni Tony Tori
Torsten Tracy Travis Trevor Udo Ulrich Ulrike Ursula Uta Ute Uwe Valentina Valérie Vanessa Vera Verena Véronique
Veronica Veronika Vicente Vicki Victor Viktor Viktoria Vince Vincent Vincenzo Vladimir Volker Walter Waltraud Wanda
Wayne Wendy Werner Wilfried Wilhelm William Willy Wojciech Wolfgang Xavier Yann Yannick Yasmin Yuki Yuri Yusuf Yves
Yvonne Zofia Zoe Александр Алексей Анастасия Андрей Анна Борис Вера Виктор Владимир Галина Дмитрий Евгений
Екатерина Елена Иван Игорь Ирина Константин Ксения Людмила Мария Михаил Наталья Николай Ольга Павел Пётр Сергей
Светлана Татьяна Юлия Юрий
"""
GIVEN_NAMES = frozenset(_NAMES.split())
