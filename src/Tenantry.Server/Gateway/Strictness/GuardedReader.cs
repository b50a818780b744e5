using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Tenantry.Server.Gateway.Strictness;

/// <summary>The bytes of a connection up to where they were found right; never beyond the end of the present request.</summary>
internal sealed class GuardedReader(PipeReader inner, RequestGuard guard, TimeSpan headTimeout) : PipeReader
{
    private const int MostUnpaused = 32;
    private readonly RequestScanner scanner = new(guard);
    private ReadOnlySequence<byte> real;
    private ReadOnlySequence<byte> shown;
    private ReadOnlySequence<byte>? instead;
    private long approved;
    private long examined;
    private CancellationTokenSource? patience;
    private int unpaused;

    public override bool TryRead(out ReadResult result)
    {
        if (TryReadInstead(out result))
            return true;
        while (inner.TryRead(out var read))
        {
            if (Look(read, out result))
                return true;
        }

        result = default;
        return false;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (TryReadInstead(out var result))
            return result;
        while (true)
        {
            var isHeadBegun = scanner.IsInHead;
            var reading = inner.ReadAsync(isHeadBegun ? (patience ??= new CancellationTokenSource(headTimeout)).Token : cancellationToken);
            ReadResult read;
            try
            {
                await PaceAsync(reading.IsCompleted);
                read = await reading;
            }
            catch (OperationCanceledException) when (isHeadBegun && !cancellationToken.IsCancellationRequested)
            {
                scanner.Refuse(Refusals.SlowHead);
                if (TryReadInstead(out result))
                    return result;
                throw;
            }

            if (Look(read, out result))
                return result;
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (instead is { } canned)
        {
            instead = canned.Slice(consumed);
            return;
        }

        var consumedLength = shown.Slice(shown.Start, consumed).Length;
        var isAllExamined = shown.Slice(examined).IsEmpty;
        this.examined = shown.Slice(shown.Start, examined).Length - consumedLength;
        approved -= consumedLength;
        // What lies beyond was looked at and is not yet enough, unless a request ends here.
        inner.AdvanceTo(consumed, isAllExamined && !scanner.IsHeld ? real.End : examined);
        shown = default;
        real = default;
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null)
    {
        ForgetPatience();
        inner.Complete(exception);
    }

    // False: not enough to go on with, wait for more.
    private bool Look(ReadResult read, out ReadResult result)
    {
        real = read.Buffer;
        if (approved == 0 && scanner.IsHeld)
            scanner.Continue();
        approved += scanner.Scan(real.Slice(approved));
        if (!scanner.IsInHead)
            ForgetPatience();
        if (scanner.IsRefused && approved <= examined)
        {
            inner.AdvanceTo(real.Start, real.Start);
            return TryReadInstead(out result);
        }

        // Who has a whole request and wants more of it gets an end.
        var isAtEnd = scanner.IsHeld ? approved <= examined : read.IsCompleted;
        if (approved > examined || isAtEnd || read.IsCanceled)
        {
            shown = real.Slice(0, approved);
            result = new ReadResult(shown, read.IsCanceled, isAtEnd || (read.IsCompleted && approved == real.Length));
            return true;
        }

        inner.AdvanceTo(real.Start, real.End);
        result = default;
        return false;
    }

    // A client that sends without a pause must not keep the polling thread from others.
    private ValueTask PaceAsync(bool isThere)
    {
        if (!isThere)
        {
            unpaused = 0;
            guard.IsUnpaused = false;
            return default;
        }

        if (++unpaused < MostUnpaused)
            return default;
        guard.IsUnpaused = true;
        return PollingThread.LeaveAsync();
    }

    private void ForgetPatience()
    {
        patience?.Dispose();
        patience = null;
    }

    private bool TryReadInstead(out ReadResult result)
    {
        result = default;
        if (!scanner.IsRefused || approved > examined)
            return false;
        instead ??= approved == 0 ? new ReadOnlySequence<byte>(scanner.Instead) : ReadOnlySequence<byte>.Empty;
        result = new ReadResult(instead.Value, isCanceled: false, isCompleted: true);
        return true;
    }
}
