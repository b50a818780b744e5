using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>
/// Kills a control plane at each boundary of several kinds of operations, one kind after the other and then the next boundary. Whoever was killed is started anew to be killed
/// at the next place, so that each kill costs one start. How many boundaries there are is not known here: a kind is done when one of its operations ends without having
/// met the place.
/// </summary>
/// <param name="plane">The control plane.</param>
/// <param name="every">1: all boundaries. 2: every second one.</param>
/// <param name="kinds">Kinds of operations, in the order in which they are asked for.</param>
internal sealed class Boundaries(ControlPlane plane, int every, params string[] kinds)
{
    private const int Most = 60;
    private readonly Dictionary<string, int> _met = new(StringComparer.Ordinal);
    private int _place = 1;

    /// <summary>Present boundary, from <c>every</c> on.</summary>
    public int Number => _place * every;

    /// <summary>How many boundaries a kind has.</summary>
    public int Of(string kind) => _met[kind];

    /// <summary>Not all of its boundaries were met yet.</summary>
    public bool IsOpen(string kind) => !_met.ContainsKey(kind);

    /// <summary>Starts the control plane anew, to be killed at the first place.</summary>
    public Task BeginAsync() => StartAnewAsync($"{kinds[0]}:{every}");

    /// <summary>Goes on to the next boundary. False: all of them were met.</summary>
    public bool Next()
    {
        _place++;
        Number.ShouldBeLessThan(Most);
        return _met.Count < kinds.Length;
    }

    /// <summary>Asks for an operation of a kind that is killed at the present boundary when it has as many, and waits for its good end.</summary>
    public async Task CrashAsync(string kind, Func<TenantryClient, Task<OperationResponse>> ask)
    {
        if (!await Crashing.DuringAsync(plane, After(kind), () => ask(plane.Client)))
            await WasNotKilledAsync(kind);
    }

    /// <summary>As <see cref="CrashAsync(string, Func{TenantryClient, Task{OperationResponse}})"/> with a command, which waits until all is done.</summary>
    public async Task CrashAsync(string kind, params string[] arguments)
    {
        if (!await Crashing.DuringAsync(plane, After(kind), arguments))
            await WasNotKilledAsync(kind);
    }

    private async Task WasNotKilledAsync(string kind)
    {
        if (_met.TryAdd(kind, Number - every))
            await StartAnewAsync(After(kind));
    }

    // Where all of a kind were met the one after it is next.
    private string? After(string kind)
    {
        var (place, number) = (Array.IndexOf(kinds, kind), Number);
        for (var i = 0; i < kinds.Length; i++)
        {
            if (++place == kinds.Length)
                (place, number) = (0, number + every);
            if (IsOpen(kinds[place]))
                return $"{kinds[place]}:{number}";
        }

        return null;
    }

    private async Task StartAnewAsync(string? crashAt)
    {
        await plane.KillAsync();
        await plane.StartAsync(crashAt);
    }
}
