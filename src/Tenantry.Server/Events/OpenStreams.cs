using Tenantry.Server.Access;
using Tenantry.Server.Api;

namespace Tenantry.Server.Events;

/// <summary>Event streams that are open, by caller: each asks the store again with every change.</summary>
internal sealed class OpenStreams
{
    /// <summary>At once for one caller.</summary>
    public const int Most = 20;

    private readonly Dictionary<string, int> open = new(StringComparer.Ordinal);

    /// <summary>One more, until what is returned is disposed. The socket's user opens as many as they like.</summary>
    /// <exception cref="ProblemException">The caller has as many as there may be.</exception>
    public IDisposable Enter(Caller caller)
    {
        var who = $"{caller.Through} {caller.Id}";
        lock (open)
        {
            var count = open.GetValueOrDefault(who);
            if (count >= Most && !caller.IsLocal)
                throw ProblemException.TooMany($"{caller.Title} has {Most} event streams open already. Close one.");
            open[who] = count + 1;
        }

        return new Place(this, who);
    }

    private void Leave(string who)
    {
        lock (open)
        {
            if (--open[who] == 0)
                open.Remove(who);
        }
    }

    private sealed class Place(OpenStreams streams, string who) : IDisposable
    {
        private int isLeft;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref isLeft, 1) == 0)
                streams.Leave(who);
        }
    }
}
