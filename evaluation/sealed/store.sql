-- The tables of Pawprint, and some weeks of two practices; amounts are cents.
CREATE TABLE practices (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
CREATE TABLE owners (id INTEGER PRIMARY KEY AUTOINCREMENT, practice INTEGER, name TEXT, email TEXT, phone TEXT, city TEXT,
  created_at TEXT, version INTEGER DEFAULT 1, UNIQUE (practice, email));
CREATE TABLE animals (id INTEGER PRIMARY KEY AUTOINCREMENT, practice INTEGER, owner_id INTEGER REFERENCES owners, name TEXT,
  species TEXT, born_on TEXT, weight_grams INTEGER, chip TEXT, created_at TEXT, UNIQUE (practice, chip));
CREATE TABLE services (practice INTEGER, code TEXT, title TEXT, price INTEGER, tax_percent INTEGER, active INTEGER,
  PRIMARY KEY (practice, code));
CREATE TABLE visits (id INTEGER PRIMARY KEY AUTOINCREMENT, practice INTEGER, animal_id INTEGER REFERENCES animals, vet TEXT,
  starts_at TEXT, ends_at TEXT, minutes INTEGER, reason TEXT, state TEXT DEFAULT 'booked', started_at TEXT,
  finished_at TEXT, cancel_reason TEXT, created_at TEXT, version INTEGER DEFAULT 1);
CREATE TABLE treatments (id INTEGER PRIMARY KEY AUTOINCREMENT, practice INTEGER, visit_id INTEGER REFERENCES visits,
  service_code TEXT, title TEXT, quantity INTEGER, unit_price INTEGER, tax_percent INTEGER, note TEXT, created_at TEXT);
CREATE TABLE invoices (id INTEGER PRIMARY KEY AUTOINCREMENT, practice INTEGER, number TEXT, visit_id INTEGER UNIQUE,
  issued_on TEXT, due_on TEXT, discount_percent INTEGER, gross INTEGER, paid INTEGER DEFAULT 0);
CREATE TABLE payments (id INTEGER PRIMARY KEY AUTOINCREMENT, practice INTEGER, invoice_id INTEGER REFERENCES invoices,
  amount INTEGER, paid_on TEXT, method TEXT, created_at TEXT);
CREATE TABLE replies (practice INTEGER, path TEXT, key TEXT, digest TEXT, status INTEGER, body TEXT, headers TEXT,
  PRIMARY KEY (practice, path, key));

INSERT INTO practices VALUES (1,'Meadow Animal Practice','Berlin');
INSERT INTO practices VALUES (2,'Harbour Vets','Hamburg');
INSERT INTO owners VALUES (1,1,'Alma Brink','alma@example.org','+4930555010','Berlin','2026-01-11T08:00:00Z',1);
INSERT INTO owners VALUES (2,1,'Bodo Kerr','bodo.kerr@example.org',NULL,'Potsdam','2026-02-11T08:00:00Z',1);
INSERT INTO owners VALUES (3,2,'Cleo Marsh','cleo@example.net','+4940555011','Hamburg','2026-03-11T08:00:00Z',1);
INSERT INTO owners VALUES (4,1,'Dana Voss','dana@example.org',NULL,'Berlin','2026-04-11T08:00:00Z',1);
INSERT INTO owners VALUES (5,2,'Enno Tide','enno@example.net',NULL,'Hamburg','2026-05-11T08:00:00Z',1);
INSERT INTO owners VALUES (6,1,'Faye Linde','faye@example.org','+4930555012','Berlin','2026-06-11T08:00:00Z',1);
INSERT INTO owners VALUES (7,2,'Alma Brink','alma@example.org',NULL,'Bremen','2026-07-11T08:00:00Z',1);
INSERT INTO owners VALUES (8,1,'Gero Pohl','gero@example.org',NULL,'Potsdam','2026-08-11T08:00:00Z',1);
INSERT INTO animals VALUES (1,1,1,'Bruno','dog','2019-05-02',28400,'276098100000001','2026-08-20T09:00:00Z');
INSERT INTO animals VALUES (2,1,1,'Minka','cat','2021-09-30',4100,NULL,'2026-08-20T09:00:00Z');
INSERT INTO animals VALUES (3,1,2,'Hops','rabbit',NULL,1900,NULL,'2026-08-20T09:00:00Z');
INSERT INTO animals VALUES (4,2,3,'Kapitan','dog','2016-01-15',31000,'276098100000001','2026-08-20T09:00:00Z');
INSERT INTO animals VALUES (5,1,4,'Pip','bird','2023-03-03',42,NULL,'2026-08-20T09:00:00Z');
INSERT INTO animals VALUES (6,1,4,'Sleipnir','horse','2012-06-21',540000,'276098100000002','2026-08-20T09:00:00Z');
INSERT INTO animals VALUES (7,2,5,'Molly','cat','2020-11-11',3900,NULL,'2026-08-20T09:00:00Z');
INSERT INTO animals VALUES (8,1,6,'Tessa','dog','2022-02-28',12000,NULL,'2026-08-20T09:00:00Z');
INSERT INTO animals VALUES (9,2,7,'Otto','other',NULL,NULL,NULL,'2026-08-20T09:00:00Z');
INSERT INTO services VALUES (1,'CHECK','Check-up',2850,19,1);
INSERT INTO services VALUES (2,'CHECK','Check-up',3000,19,1);
INSERT INTO services VALUES (1,'VACC','Vaccination',4215,7,1);
INSERT INTO services VALUES (2,'VACC','Vaccination',4365,7,1);
INSERT INTO services VALUES (1,'XRAY','X-ray',8450,19,1);
INSERT INTO services VALUES (2,'XRAY','X-ray',8600,19,1);
INSERT INTO services VALUES (1,'FOOD-2','Diet food, 2 kg',1999,7,1);
INSERT INTO services VALUES (2,'FOOD-2','Diet food, 2 kg',2149,7,1);
INSERT INTO services VALUES (1,'CARD','Vaccination card',0,0,1);
INSERT INTO services VALUES (2,'CARD','Vaccination card',150,0,1);
INSERT INTO services VALUES (1,'LASER','Laser therapy',6000,19,0);
INSERT INTO services VALUES (2,'LASER','Laser therapy',6150,19,0);
INSERT INTO visits VALUES (1,1,1,'Dr. Lind','2026-09-01T08:00:00Z','2026-09-01T08:30:00Z',30,'Check-up','finished','2026-09-01T08:00:00Z','2026-09-01T08:30:00Z',NULL,'2026-08-25T12:00:00Z',1);
INSERT INTO visits VALUES (2,1,2,'Dr. Lind','2026-09-01T08:30:00Z','2026-09-01T08:50:00Z',20,'Vaccination','finished','2026-09-01T08:30:00Z','2026-09-01T08:50:00Z',NULL,'2026-08-25T12:00:00Z',1);
INSERT INTO visits VALUES (3,2,4,'Dr. Holm','2026-09-02T10:00:00Z','2026-09-02T10:45:00Z',45,'Limping','finished','2026-09-02T10:00:00Z','2026-09-02T10:45:00Z',NULL,'2026-08-25T12:00:00Z',1);
INSERT INTO visits VALUES (4,1,6,'Dr. Rauh','2026-09-15T13:00:00Z','2026-09-15T14:00:00Z',60,'Lame','finished','2026-09-15T13:00:00Z','2026-09-15T14:00:00Z',NULL,'2026-08-25T12:00:00Z',1);
INSERT INTO visits VALUES (5,1,3,'Dr. Rauh','2026-10-05T07:30:00Z','2026-10-05T07:45:00Z',15,'Claws','cancelled',NULL,NULL,'Owner is away','2026-08-25T12:00:00Z',1);
INSERT INTO visits VALUES (6,2,7,'Dr. Holm','2026-10-06T09:00:00Z','2026-10-06T09:30:00Z',30,'Check-up','started','2026-10-06T09:00:00Z',NULL,NULL,'2026-08-25T12:00:00Z',1);
INSERT INTO visits VALUES (7,1,8,'Dr. Lind','2026-10-07T09:00:00Z','2026-10-07T09:30:00Z',30,'Ear','started','2026-10-07T09:00:00Z',NULL,NULL,'2026-08-25T12:00:00Z',1);
INSERT INTO visits VALUES (8,1,1,'Dr. Lind','2027-01-11T08:00:00Z','2027-01-11T08:30:00Z',30,'Vaccination','booked',NULL,NULL,NULL,'2026-08-25T12:00:00Z',1);
INSERT INTO visits VALUES (9,1,5,'Dr. Rauh','2027-01-11T08:00:00Z','2027-01-11T08:15:00Z',15,'Beak','booked',NULL,NULL,NULL,'2026-08-25T12:00:00Z',1);
INSERT INTO visits VALUES (10,2,9,'Dr. Holm','2027-01-12T11:00:00Z','2027-01-12T11:20:00Z',20,'Check-up','booked',NULL,NULL,NULL,'2026-08-25T12:00:00Z',1);
INSERT INTO treatments VALUES (1,1,1,'CHECK','Check-up',2,2850,19,NULL,'2026-09-01T08:00:00Z');
INSERT INTO treatments VALUES (2,1,1,'VACC','Vaccination',2,4215,7,NULL,'2026-09-01T08:00:00Z');
INSERT INTO treatments VALUES (3,1,2,'CHECK','Check-up',1,2850,19,NULL,'2026-09-01T08:30:00Z');
INSERT INTO treatments VALUES (4,1,2,'VACC','Vaccination',1,4215,7,NULL,'2026-09-01T08:30:00Z');
INSERT INTO treatments VALUES (5,1,2,'XRAY','X-ray',1,8450,19,NULL,'2026-09-01T08:30:00Z');
INSERT INTO treatments VALUES (6,2,3,'CHECK','Check-up',2,3000,19,NULL,'2026-09-02T10:00:00Z');
INSERT INTO treatments VALUES (7,1,4,'CHECK','Check-up',1,2850,19,NULL,'2026-09-15T13:00:00Z');
INSERT INTO treatments VALUES (8,1,4,'VACC','Vaccination',1,4215,7,NULL,'2026-09-15T13:00:00Z');
INSERT INTO treatments VALUES (9,2,6,'CHECK','Check-up',1,3000,19,NULL,'2026-10-06T09:00:00Z');
INSERT INTO treatments VALUES (10,1,7,'CHECK','Check-up',2,2850,19,NULL,'2026-10-07T09:00:00Z');
INSERT INTO treatments VALUES (11,1,7,'VACC','Vaccination',2,4215,7,NULL,'2026-10-07T09:00:00Z');
INSERT INTO invoices VALUES (1,1,'2026-0001',1,'2026-09-01','2026-09-15',0,15803,15803);
INSERT INTO invoices VALUES (2,1,'2026-0002',2,'2026-09-01','2026-09-15',10,16162,2000);
INSERT INTO invoices VALUES (3,2,'2026-0001',3,'2026-09-02','2026-09-16',0,7140,0);
INSERT INTO payments VALUES (1,1,1,15803,'2026-09-03','transfer','2026-09-03T10:00:00Z');
INSERT INTO payments VALUES (2,1,2,2000,'2026-09-03','transfer','2026-09-03T10:00:00Z');
