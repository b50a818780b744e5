namespace Tenantry.Server.People;

/// <summary>How often a password may be tried: for an account, known or not, and from an address. Counted in this process.</summary>
public sealed class SignInLimits(TimeProvider time)
{
    /// <summary>Wrong ones for one account in <see cref="Window"/>.</summary>
    public const int ForAccount = 10;

    /// <summary>Wrong ones from one address in <see cref="Window"/>.</summary>
    public const int FromAddress = 50;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    private const int Many = 10_000;
    private readonly Dictionary<string, Count> counts = new(StringComparer.Ordinal);

    /// <summary>Counts a try. Null: it may be made; else how long to wait.</summary>
    public TimeSpan? Enter(string email, string address)
    {
        lock (counts)
        {
            var now = time.GetUtcNow();
            Forget(now);
            var (account, from) = (Of("account " + email, now), Of("address " + address, now));
            var until = account.Tries >= ForAccount ? account.Until : from.Tries >= FromAddress ? from.Until : (DateTimeOffset?)null;
            if (until is not null)
                return until - now;
            account.Tries++;
            from.Tries++;
            return null;
        }
    }

    /// <summary>The try was right.</summary>
    public void Succeed(string email, string address)
    {
        lock (counts)
        {
            counts.Remove("account " + email);
            if (counts.TryGetValue("address " + address, out var from) && from.Tries > 0)
                from.Tries--;
        }
    }

    private Count Of(string key, DateTimeOffset now)
    {
        if (!counts.TryGetValue(key, out var count) || count.Until <= now)
            counts[key] = count = new Count(now + Window);
        return count;
    }

    private void Forget(DateTimeOffset now)
    {
        if (counts.Count < Many)
            return;
        foreach (var over in counts.Where(one => one.Value.Until <= now).Select(one => one.Key).ToArray())
            counts.Remove(over);
    }

    private sealed class Count(DateTimeOffset until)
    {
        public DateTimeOffset Until { get; } = until;

        public int Tries { get; set; }
    }
}
