using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Spate.Tracker.Http;

/// <summary>The server's certificate, which can be replaced while the server runs: handshakes that begin afterwards have the new one.</summary>
internal sealed class TlsCertificate(string? keyFile)
{
    private volatile SslServerAuthenticationOptions? current;

    /// <summary>What a handshake needs; only after <see cref="Load"/>.</summary>
    public SslServerAuthenticationOptions Options => current ?? throw new InvalidOperationException("No certificate was loaded.");

    /// <summary>When the certificate runs out.</summary>
    public DateTime NotAfter { get; private set; }

    /// <summary>Reads certificate and key from PEM files.</summary>
    /// <exception cref="CryptographicException">The files hold no matching certificate and key.</exception>
    /// <exception cref="IOException">A file can't be read.</exception>
    public void Load(string certificateFile)
    {
        X509Certificate2 certificate = X509Certificate2.CreateFromPemFile(certificateFile, keyFile ?? certificateFile);
        if (OperatingSystem.IsWindows()) // where TLS can't use a key that is only in memory
            certificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificateFile);
        current = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, chain, offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        };
        NotAfter = certificate.NotAfter;
    }
}
