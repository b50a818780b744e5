using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tenantry.Targets.Docker.Engine;

/// <summary>
/// An engine on another machine, over TCP and TLS with certificates on both sides. The certificates are read for every connection, so that renewed ones need no
/// restart.
/// </summary>
internal sealed class TlsDoor(RemoteEngine remote, OutsideSockets outside) : IEngineDoor
{
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    public string Name => $"tcp://{remote.Host}:{remote.Port}";

    public Task<int?> FindProcessAsync(CancellationToken cancellationToken) => Task.FromResult<int?>(null);

    public async Task<EngineConnection> OpenAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ConnectLimit);
        var socket = await outside.OpenAsync(limit.Token);
        try
        {
            using var authority = Read(remote.Authority, () => X509Certificate2.CreateFromPem(File.ReadAllText(remote.Authority)));
            using var ours = Read(remote.Certificate, () => X509Certificate2.CreateFromPemFile(remote.Certificate, remote.Key));
            await socket.ConnectAsync(remote.Host, remote.Port, limit.Token);
            var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            string? refusal = null;
            try
            {
                await stream.AuthenticateAsClientAsync(Options(authority, ours, errors => refusal = errors), limit.Token);
            }
            catch (Exception error) when (error is AuthenticationException or IOException)
            {
                await stream.DisposeAsync();
                throw new EngineException(null, $"{Name}: {refusal ?? DockerErrors.TlsRefusal(error)}", error);
            }

            return new EngineConnection(stream, stream.ShutdownAsync);
        }
        catch (Exception error)
        {
            socket.Dispose();
            throw error switch
            {
                SocketException => new EngineException(null, $"{Name}: {error.Message}", error),
                OperationCanceledException when !cancellationToken.IsCancellationRequested => new EngineException(null, $"{Name} did not answer within {ConnectLimit.TotalSeconds:0} s", error),
                _ => error,
            };
        }
    }

    private SslClientAuthenticationOptions Options(X509Certificate2 authority, X509Certificate2 ours, Action<string> refused) => new()
    {
        TargetHost = remote.Host,
        ClientCertificates = [ours],
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck },
        RemoteCertificateValidationCallback = (_, _, chain, errors) =>
        {
            if (errors == SslPolicyErrors.None)
                return true;
            refused(Explain(errors, chain));
            return false;
        },
    };

    private string Explain(SslPolicyErrors errors, X509Chain? chain)
    {
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"the engine's certificate is not for {remote.Host}";
        var states = chain?.ChainStatus.Select(status => status.Status).ToList() ?? [];
        return states.Contains(X509ChainStatusFlags.NotTimeValid)
            ? "the engine's certificate has ended, or is not valid yet"
            : $"the engine's certificate was not made by the authority in {remote.Authority}";
    }

    private static X509Certificate2 Read(string path, Func<X509Certificate2> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(null, error.Message, error);
        }
        catch (CryptographicException error)
        {
            throw new EngineException(null, $"{path} is no certificate with its key: {error.Message}", error);
        }
    }
}
