namespace Tenantry.Server.Serving;

/// <summary>The lock of a process's roles, which one gateway leaves to the next.</summary>
internal sealed class PassedLock(string folder, ServeRoles roles) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private readonly Lock changing = new();
    private ServeLock? held;
    private bool isLeft;

    /// <exception cref="ServeRefusedException">Somebody has it.</exception>
    public void Take()
    {
        lock (changing)
        {
            isLeft = false;
            held ??= ServeLock.Take(folder, roles);
        }
    }

    /// <summary>False when somebody has it.</summary>
    public bool TryTake()
    {
        try
        {
            Take();
            return true;
        }
        catch (ServeRefusedException)
        {
            return false;
        }
    }

    /// <summary>Takes it once nobody has it, unless it is to be left to the next one meanwhile.</summary>
    public async Task TakeLaterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            lock (changing)
            {
                if (isLeft || TryTake())
                    return;
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    public void Leave()
    {
        lock (changing)
        {
            isLeft = true;
            held?.Dispose();
            held = null;
        }
    }

    public void Dispose() => Leave();
}
