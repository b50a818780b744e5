using System.Net;
using System.Net.Sockets;

namespace Tenantry.Server.People;

/// <summary>
/// How often signing in may be tried: for an account, known or not, and from an address; of IPv6, from a network of 64 bits, since that many addresses are one
/// customer's. Counted in this process.
/// </summary>
public sealed class SignInLimits(TimeProvider time)
{
    /// <summary>Wrong ones for one account in <see cref="Window"/>.</summary>
    public const int ForAccount = 10;

    /// <summary>Wrong ones from one address in <see cref="Window"/>.</summary>
    public const int FromAddress = 50;

    /// <summary>Questions for an authenticator from one address in <see cref="Window"/>, which nobody has tried anything with yet.</summary>
    public const int QuestionsFromAddress = 300;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(15);

    private const int Many = 10_000;
    private const int NetworkBytes = 8;
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);
    private readonly Dictionary<string, Tally> counts = new(StringComparer.Ordinal);
    private DateTimeOffset nextSweep;

    /// <summary>How many are counted at the moment.</summary>
    internal int Counted
    {
        get
        {
            lock (counts)
                return counts.Count;
        }
    }

    /// <summary>Counts a try with a password. Null: it may be made; else how long to wait.</summary>
    public TimeSpan? Enter(string email, string address) => Count(email, address);

    /// <summary>Counts a try without one: a link, or the way back from the provider.</summary>
    public TimeSpan? Enter(string address) => Count(null, address);

    /// <summary>Counts a question for an authenticator, which takes no try away. Null: it may be asked; else how long to wait.</summary>
    public TimeSpan? Ask(string address)
    {
        lock (counts)
        {
            var now = time.GetUtcNow();
            Forget(now);
            var asked = Of("asked from " + Network(address), now);
            if (asked.Tries >= QuestionsFromAddress)
                return asked.Until - now;
            asked.Tries++;
            return null;
        }
    }

    /// <summary>The try was right.</summary>
    public void Succeed(string email, string address)
    {
        lock (counts)
            counts.Remove(Account(email));
        Succeed(address);
    }

    /// <summary>The same of one without a password.</summary>
    public void Succeed(string address)
    {
        lock (counts)
        {
            if (counts.TryGetValue(Network(address), out var from) && from.Tries > 0)
                from.Tries--;
        }
    }

    private TimeSpan? Count(string? email, string address)
    {
        lock (counts)
        {
            var now = time.GetUtcNow();
            Forget(now);
            // First the address: who may not try from there makes no account be remembered.
            var from = Of(Network(address), now);
            if (from.Tries >= FromAddress)
                return from.Until - now;
            if (email is not null)
            {
                var account = Of(Account(email), now);
                if (account.Tries >= ForAccount)
                    return account.Until - now;
                account.Tries++;
            }

            from.Tries++;
            return null;
        }
    }

    private static string Account(string email) => "account " + email;

    private static string Network(string address) => IPAddress.TryParse(address, out var one) && one.AddressFamily == AddressFamily.InterNetworkV6
        ? "network " + Convert.ToHexStringLower(one.GetAddressBytes().AsSpan(0, NetworkBytes))
        : "address " + address;

    private Tally Of(string key, DateTimeOffset now)
    {
        if (!counts.TryGetValue(key, out var tally) || tally.Until <= now)
            counts[key] = tally = new Tally(now + Window);
        return tally;
    }

    private void Forget(DateTimeOffset now)
    {
        if (counts.Count < Many || now < nextSweep)
            return;
        nextSweep = now + Pause;
        foreach (var over in counts.Where(one => one.Value.Until <= now).Select(one => one.Key).ToArray())
            counts.Remove(over);
    }

    private sealed class Tally(DateTimeOffset until)
    {
        public DateTimeOffset Until { get; } = until;

        public int Tries { get; set; }
    }
}
