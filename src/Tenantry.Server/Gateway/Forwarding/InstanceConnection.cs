using System.Buffers;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>One connection to one instance: a socket, and what was read from it and not yet used.</summary>
internal sealed class InstanceConnection(Socket socket, TimeProvider time) : IDisposable
{
    private const int FirstLength = 4 * 1024;
    private const int LargestKept = 32 * 1024;
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstLength);
    private int start;
    private int end;
    private ValueTask<int> idling;
    private bool isIdling;
    private bool isPrompt;
    private int isClosed;
    private long movedAt = time.GetTimestamp();
    private long answerBy = long.MaxValue;
    private long longestPause = long.MaxValue;
    private readonly Lock cutting = new();
    private readonly AnswerHead head = new();
    private HttpContext? client;
    private Socket? clientSocket;
    private bool isClientShared;
    private TakeClock taking = new();

    /// <summary>The instance that it leads to.</summary>
    public required string InstanceId { get; init; }

    /// <summary>Bytes that were read and not used.</summary>
    public ReadOnlyMemory<byte> Unread => buffer.AsMemory(start, end - start);

    /// <summary>The exchange on this connection must come to something new before this; <see cref="long.MaxValue"/> when it need not.</summary>
    public long AnswerBy
    {
        get => Volatile.Read(ref answerBy);
        set => Volatile.Write(ref answerBy, value);
    }

    /// <summary>The exchange must end before this.</summary>
    public long EndBy { get; set; } = long.MaxValue;

    /// <summary>In timestamps: nothing may stand still for longer from here on, however long the connection has rested. Look at it before <see cref="MovedAt"/>.</summary>
    public long LongestPause
    {
        get => Volatile.Read(ref longestPause);
        set
        {
            Moved();
            Volatile.Write(ref longestPause, value);
        }
    }

    /// <summary>The client of the tunnel that it has become, or null.</summary>
    public TunnelClient? Tunnel { get; set; }

    /// <summary>What waits for the instance runs on the polling thread (<see cref="PollingThread"/>).</summary>
    public bool IsPrompt
    {
        get => isPrompt;
        set
        {
            if (isPrompt == value)
                return;
            isPrompt = value;
            PollingThread.SetPrompt(socket, value);
        }
    }

    /// <summary>The thread on which something of the instance came last: while the connection is prompt it is always the same.</summary>
    public int Thread { get; set; }

    /// <summary>It was closed because it took too long.</summary>
    public bool HasTimedOut { get; private set; }

    public bool IsClosed => Volatile.Read(ref isClosed) != 0;

    /// <summary>Whether the instance ended it, or said something unasked, while it was not used.</summary>
    public bool IsSpoilt => IsClosed || (isIdling && idling.IsCompleted);

    /// <summary>Timestamp of the last byte in or out.</summary>
    public long MovedAt => Volatile.Read(ref movedAt);

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        var sending = socket.SendAsync(bytes, SocketFlags.None);
        if (!sending.IsCompletedSuccessfully)
            return AwaitAsync(sending);
        sending.GetAwaiter().GetResult();
        Moved();
        return default;

        async ValueTask AwaitAsync(ValueTask<int> pending)
        {
            await pending;
            Moved();
        }
    }

    /// <summary>Reads more behind what is unread. 0: the instance has ended its side.</summary>
    public async ValueTask<int> ReadAsync() => Took(await BeginRead());

    /// <summary>As <see cref="ReadAsync"/> without a method that waits: what comes of it must be given to <see cref="Took"/>.</summary>
    public ValueTask<int> BeginRead()
    {
        if (isIdling)
        {
            isIdling = false;
            return idling;
        }

        MakeRoom();
        return socket.ReceiveAsync(buffer.AsMemory(end), SocketFlags.None);
    }

    /// <summary>So many bytes came; returns them.</summary>
    public int Took(int count)
    {
        end += count;
        Moved();
        return count;
    }

    /// <summary>Takes that many bytes as a whole head, its blank line last, which stands until the next one is read or the connection rests.</summary>
    /// <exception cref="BadAnswerException">It is none.</exception>
    public AnswerHead ReadHead(int length)
    {
        head.Read(buffer.AsSpan(start, length));
        Use(length);
        return head;
    }

    /// <summary>Waits until there is something to read, holding no buffer meanwhile.</summary>
    public async ValueTask WaitAsync()
    {
        if (start == end)
            Return();
        await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
    }

    public void Use(int count) => start += count;

    /// <summary>Reads into somebody else's memory. Nothing may be unread. 0: the instance has ended its side.</summary>
    public async ValueTask<int> ReceiveAsync(Memory<byte> into)
    {
        var count = await socket.ReceiveAsync(into, SocketFlags.None);
        Moved();
        return count;
    }

    /// <summary>Begins to wait for what must not come before the next request. False: it came already, or the connection is closed.</summary>
    public bool Rest()
    {
        AnswerBy = EndBy = longestPause = long.MaxValue;
        IsPrompt = true;
        head.Rest();
        if (buffer.Length > LargestKept)
            Return();
        MakeRoom();
        try
        {
            idling = socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.None);
        }
        catch (ObjectDisposedException)
        {
            // Its time was over just now.
            return false;
        }

        isIdling = true;
        Moved();
        return !idling.IsCompleted;
    }

    /// <summary>Tells the instance that nothing more comes.</summary>
    public void EndSending()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // It needs not be told any more.
        }
    }

    /// <summary>From any thread: the answer that is waited for may come so much later. One whose head is there has no such time any more.</summary>
    public void PutOffAnswer(long by)
    {
        var before = AnswerBy;
        if (before != long.MaxValue)
            Interlocked.CompareExchange(ref answerBy, by, before);
    }

    /// <summary>Something is sent to the client. <see cref="Taken"/> follows, unless it fails.</summary>
    /// <param name="patience">In timestamps: the longest time that it may take nothing of it.</param>
    public void Sent(long patience)
    {
        // A connection that carries more than this is asked for only where it is needed.
        if (isClientShared && clientSocket is null)
            Volatile.Write(ref clientSocket, client?.Features.Get<IConnectionSocketFeature>()?.Socket);
        taking.Begin(time.GetTimestamp(), patience);
    }

    public void Taken() => taking.End();

    /// <summary>The client has taken nothing of what it was sent for too long.</summary>
    public bool IsNotTaken(long now) => taking.IsOver(now, Volatile.Read(ref clientSocket), isClientShared);

    /// <summary>From here until <see cref="EndAnswer"/> that client waits for nothing but this connection, and is cut with it.</summary>
    /// <param name="to">The client.</param>
    /// <param name="alone">Its connection, where that carries nothing else.</param>
    public void BeginAnswer(HttpContext to, Socket? alone)
    {
        (clientSocket, isClientShared) = (alone, alone is null);
        client = to;
    }

    public void EndAnswer()
    {
        // Whoever cuts it just now has done so when this returns: its context may serve another request then.
        lock (cutting)
            client = null;
        clientSocket = null;
    }

    /// <summary>A client that does not read is cut, too: whoever waits for it would wait for ever.</summary>
    public void TimeOut()
    {
        HasTimedOut = true;
        Close();
        lock (cutting)
        {
            // Kestrel ends a stream only once its connection has taken what was written before.
            if (isClientShared && taking.IsStuck)
                client?.Features.Get<IConnectionLifetimeFeature>()?.Abort();
            client?.Abort();
        }
    }

    /// <summary>From any thread: whoever waits for this connection fails.</summary>
    public void Close()
    {
        if (Interlocked.Exchange(ref isClosed, 1) == 0)
            socket.Dispose();
    }

    public void Dispose()
    {
        Close();
        // A read that is under way may still write into its buffer: that one is left to the garbage collector.
        if (!isIdling)
            Return();
    }

    private void Moved() => Volatile.Write(ref movedAt, time.GetTimestamp());

    private void Return()
    {
        var old = buffer;
        buffer = [];
        start = end = 0;
        if (old.Length > 0)
            ArrayPool<byte>.Shared.Return(old);
    }

    private void MakeRoom()
    {
        if (start == end)
            start = end = 0;
        if (buffer.Length == 0)
        {
            buffer = ArrayPool<byte>.Shared.Rent(FirstLength);
        }
        else if (end == buffer.Length)
        {
            var larger = start > buffer.Length / 2 ? buffer : ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
            buffer.AsSpan(start, end - start).CopyTo(larger);
            if (larger != buffer)
                ArrayPool<byte>.Shared.Return(buffer);
            (buffer, end, start) = (larger, end - start, 0);
        }
    }
}
