namespace Tenantry.Targets.Abstractions;

/// <summary>What a person gets from a target beside running an instance, by name.</summary>
public static class TargetCapabilities
{
    /// <summary>It is an <see cref="IFreeze"/>.</summary>
    public const string Freeze = "freeze";

    private static readonly (Type Power, string Name)[] Known =
    [
        (typeof(ILogs), "logs"), (typeof(IStats), "stats"), (typeof(IExec), "exec"), (typeof(IFreeze), Freeze), (typeof(IData), "data"), (typeof(IResize), "resize"),
    ];

    /// <summary>Those of a kind of target, always in the same order.</summary>
    public static IReadOnlyList<string> Of<T>()
        where T : ITarget => [.. Known.Where(one => one.Power.IsAssignableFrom(typeof(T))).Select(one => one.Name)];
}
