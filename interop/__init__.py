"""Between our payloads and hospital formats: FHIR, HL7 v2 and DICOM; nothing is here yet."""
