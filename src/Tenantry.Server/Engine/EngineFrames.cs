using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Server.Engine;

/// <summary>
/// What travels on the engine's socket: frames of a kind (1 byte), a length (4 bytes, little endian) and that many bytes. A connection
/// carries one request; closing it cancels the request.
/// </summary>
internal static class EngineFrames
{
    public const byte Request = (byte)'r';
    public const byte Input = (byte)'i';
    public const byte Output = (byte)'o';
    public const byte ErrorOutput = (byte)'e';
    public const byte Descriptor = (byte)'s';
    public const byte Done = (byte)'d';
    public const byte Failure = (byte)'x';
    public const int HeaderLength = 5;
    public const int LongestPayload = 1 << 20;

    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter() } };

    /// <summary>Writes and reads an answer to a wake, so that the first one that somebody waits for need not wait for what that takes to be compiled.</summary>
    public static void Rehearse()
    {
        var wake = new WakeRecord(DateTimeOffset.UnixEpoch, InstancePhase.Frozen, 0, 0) { RestedSince = DateTimeOffset.UnixEpoch };
        JsonSerializer.Deserialize<WakeAnswer>(JsonSerializer.SerializeToUtf8Bytes(new WakeAnswer(WakeOutcome.Awake, Endpoint: new Endpoint("127.0.0.1", 1), Wake: wake), Json), Json);
    }

    public static byte[] Header(byte kind, int length)
    {
        var header = new byte[HeaderLength];
        header[0] = kind;
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(1), length);
        return header;
    }
}

/// <summary>What is asked: the name of a call, the instance it is about, and the call's own arguments.</summary>
internal sealed record EngineRequest(string Call, string? InstanceId, JsonElement? Arguments);

/// <summary>How an exception crosses the socket.</summary>
internal sealed record EngineFailure(string Kind, string Message, bool Retryable, ResourceName? Resource, string? Fix, TargetFault Fault = TargetFault.Target)
{
    public static EngineFailure From(Exception failure) => failure switch
    {
        TargetException target => new("target", target.Message, target.Retryable, target.Resource, target.Fix, target.Fault),
        KeyNotFoundException => new("unknown", failure.Message, false, null, null),
        NotSupportedException => new("unsupported", failure.Message, false, null, null),
        _ => new("internal", failure.Message, true, null, null),
    };

    public Exception ToException() => Kind switch
    {
        "target" => new TargetException(Message, Retryable, Resource, Fix, fault: Fault),
        "unknown" => new KeyNotFoundException(Message),
        "unsupported" => new NotSupportedException(Message),
        _ => new EngineUnavailableException($"The engine failed: {Message}"),
    };
}

/// <summary>One end of a connection on the engine's socket.</summary>
internal sealed class EngineConnection(Socket socket) : IDisposable
{
    private readonly NetworkStream stream = new(socket, ownsSocket: true);
    private readonly SemaphoreSlim writing = new(1, 1);

    public Socket Socket => socket;

    public async Task<(byte Kind, byte[] Payload)?> ReadAsync(CancellationToken cancellationToken)
    {
        var header = new byte[EngineFrames.HeaderLength];
        var first = await stream.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken);
        if (first < header.Length)
            return null;
        return (header[0], await ReadPayloadAsync(header, cancellationToken));
    }

    public async Task<byte[]> ReadPayloadAsync(byte[] header, CancellationToken cancellationToken)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(1));
        if (length is < 0 or > EngineFrames.LongestPayload)
            throw new InvalidDataException($"A frame of {length} bytes is not of this protocol.");
        var payload = new byte[length];
        await stream.ReadExactlyAsync(payload, cancellationToken);
        return payload;
    }

    public async Task WriteAsync(byte kind, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            await stream.WriteAsync(EngineFrames.Header(kind, payload.Length), cancellationToken);
            if (!payload.IsEmpty)
                await stream.WriteAsync(payload, cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }

    public Task WriteJsonAsync<T>(byte kind, T value, CancellationToken cancellationToken) =>
        WriteAsync(kind, JsonSerializer.SerializeToUtf8Bytes(value, EngineFrames.Json), cancellationToken);

    public void Dispose()
    {
        stream.Dispose();
        writing.Dispose();
    }
}
