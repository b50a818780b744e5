using System.Buffers;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Tenantry.Server.Gateway;

/// <summary>
/// Serves HTTP/1.1 and HTTP/2 without TLS on one port: a client with prior knowledge begins with HTTP/2's preface, and nobody else does.
/// Kestrel picks HTTP/2 without TLS only for ports that speak nothing else, so it is told that "h2" was agreed upon, as TLS would have told it.
/// </summary>
internal static class PriorKnowledge
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n"u8;

    public static void Recognize(ListenOptions listener)
    {
        listener.Protocols = HttpProtocols.Http1AndHttp2;
        listener.Use(next => async connection =>
        {
            if (await BeginsWithPrefaceAsync(connection) is not { } begins)
                return;
            if (begins)
            {
                connection.Features.Set<ITlsConnectionFeature>(Agreed.Instance);
                connection.Features.Set<ITlsApplicationProtocolFeature>(Agreed.Instance);
            }

            await next(connection);
        });
    }

    /// <summary>True when both ends agreed on HTTP/2, here or in the TLS handshake.</summary>
    public static bool IsHttp2(ConnectionContext connection) =>
        connection.Features.Get<ITlsApplicationProtocolFeature>() is { } agreed && agreed.ApplicationProtocol.Span.SequenceEqual("h2"u8);

    // Null: nothing came in time.
    private static async ValueTask<bool?> BeginsWithPrefaceAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        if (!input.TryRead(out var read))
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
            patience.CancelAfter(Patience);
            try
            {
                read = await input.ReadAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }

        while (true)
        {
            var begin = Compare(read.Buffer);
            if (begin is not null || read.IsCompleted)
            {
                input.AdvanceTo(read.Buffer.Start);
                return begin ?? false;
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await input.ReadAsync(connection.ConnectionClosed);
        }
    }

    // Null: too little was sent to tell.
    private static bool? Compare(ReadOnlySequence<byte> buffer)
    {
        Span<byte> begin = stackalloc byte[(int)Math.Min(buffer.Length, Preface.Length)];
        buffer.Slice(0, begin.Length).CopyTo(begin);
        if (!Preface.StartsWith(begin))
            return false;
        return begin.Length == Preface.Length ? true : null;
    }

    private sealed class Agreed : ITlsConnectionFeature, ITlsApplicationProtocolFeature
    {
        public static Agreed Instance { get; } = new();

        public X509Certificate2? ClientCertificate
        {
            get => null;
            set => throw new NotSupportedException();
        }

        public ReadOnlyMemory<byte> ApplicationProtocol { get; } = "h2"u8.ToArray();

        public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult<X509Certificate2?>(null);
    }
}
