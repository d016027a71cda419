"""The certificate for this machine, as a browser sees it in a handshake."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509

from tickfold.identity.loopback_certificate import server_context


def certificate() -> x509.Certificate:
    """Return the certificate that a server shows to a client that asks no questions."""
    asking = ssl.create_default_context()
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_context().wrap_bio(to_server, to_client, server_side=True)
    client = asking.wrap_bio(to_client, to_server)
    for side in (client, server, client):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    shown = client.getpeercert(binary_form=True)
    assert shown
    return x509.load_der_x509_certificate(shown)


def test_certificate_is_of_this_machine_and_of_this_hour() -> None:
    shown = certificate()
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1")]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    now = datetime.now(UTC)
    assert shown.not_valid_before_utc <= now <= shown.not_valid_after_utc <= now + timedelta(hours=1)


def test_each_login_has_a_certificate_of_its_own() -> None:
    assert certificate().serial_number != certificate().serial_number
