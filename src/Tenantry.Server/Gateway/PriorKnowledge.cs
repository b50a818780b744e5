using System.Buffers;
using System.IO.Pipelines;
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
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n"u8;

    public static void Recognize(ListenOptions listener, TimeSpan timeout)
    {
        listener.Protocols = HttpProtocols.Http1AndHttp2;
        listener.Use(next => async connection =>
        {
            if (await BeginsWithPrefaceAsync(connection, timeout) is not { } begins)
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

    // Null: nothing, or no more of a preface, came in time.
    private static async ValueTask<bool?> BeginsWithPrefaceAsync(ConnectionContext connection, TimeSpan timeout)
    {
        var input = connection.Transport.Input;
        if (input.TryRead(out var read) && Looked(input, read) is { } known)
            return known;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed);
        patience.CancelAfter(timeout);
        try
        {
            while (true)
            {
                if (Looked(input, await input.ReadAsync(patience.Token)) is { } begins)
                    return begins;
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static bool? Looked(PipeReader input, ReadResult read)
    {
        var begins = Compare(read.Buffer) ?? (read.IsCompleted ? false : null);
        input.AdvanceTo(read.Buffer.Start, begins is null ? read.Buffer.End : read.Buffer.Start);
        return begins;
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
