using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary>After a change: waits until the instances that use the secret run with it. Of a value that several share, they take it one after the other.</summary>
internal sealed class SecretTaking(Option<bool> noWait, Option<Duration> timeout)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Adds its options to a command.</summary>
    public static SecretTaking AddTo(Command command)
    {
        var taking = new SecretTaking(CommandOptions.NoWait(), CommandOptions.Timeout());
        command.Add(taking.NoWait);
        command.Add(taking.Timeout);
        return taking;
    }

    private Option<bool> NoWait => noWait;

    private Option<Duration> Timeout => timeout;

    /// <summary>Tells what was done, and what became of it.</summary>
    public async Task TellAsync(Call call, SecretChoice choice, string done, SecretResponse secret)
    {
        if (!call.Output.Json)
            call.Output.Line($"Secret {secret.Name} of {choice.Shown} {done}, version {secret.Version.ToString(CultureInfo.InvariantCulture)}{(secret.From is { } level && level != Model.Manifests.SecretScope.Instance ? $" (kept for the {level.ToString().ToLowerInvariant()})" : "")}.");
        if (secret.Upcoming && !call.Output.Json)
            call.Output.Line($"It counts from the release on that declares it: 'tenantry deploy {choice.Slug}'.");
        await WaitAsync(call, new TakenSecrets(choice.Of, [secret.Name], secret.UsedBy));
        if (call.Output.Json)
            call.Output.Value(secret);
    }

    /// <summary>Waits for the instances.</summary>
    public async Task WaitAsync(Call call, TakenSecrets secrets)
    {
        if (call.Value(noWait) || secrets.UsedBy.Count == 0)
            return;
        TimeSpan patience = call.Value(timeout);
        using var late = new CancellationTokenSource(patience, call.Host.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, call.CancellationToken);
        call.BePatient();
        try
        {
            await AllAsync(call, secrets, either.Token);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !call.CancellationToken.IsCancellationRequested)
        {
            throw new CliException(ExitCode.TimedOut, $"The change is made; not every instance that it is for has taken it after {Words.Took(patience)}.", "They go on: 'tenantry status' tells how they are.");
        }
    }

    private static async Task AllAsync(Call call, TakenSecrets secrets, CancellationToken cancellationToken)
    {
        var left = secrets.UsedBy.ToList();
        var failed = new List<string>();
        while (true)
        {
            var (waiting, away) = await WaitingAsync(call, secrets, cancellationToken);
            foreach (var slug in left.Where(slug => !waiting.Contains(slug)).ToList())
            {
                var instance = await call.Client.Instances.FindAsync(slug, cancellationToken);
                if (!IsSettled(instance))
                    continue;
                left.Remove(slug);
                if (instance is { Phase: InstancePhase.Failed } or { Health: InstanceHealth.Unhealthy })
                    failed.Add($"{slug} is {instance.Phase}: {instance.Reason}");
                else if (instance is not null)
                    Tell(call, secrets, instance, secrets.UsedBy.Count - left.Count);
            }

            if (left.Count > 0 && left.All(away.Contains))
            {
                failed.Add($"{string.Join(", ", left)} {(left.Count == 1 ? "keeps" : "keep")} the value before: the target does not answer. The new one is taken when it does.");
                throw new CliException(ExitCode.Unavailable, string.Join(Environment.NewLine, failed), "'tenantry target check' tells what is wrong.");
            }

            if (left.Count == 0 || (failed.Count > 0 && left.All(waiting.Contains)))
                break;
            await Task.Delay(Pause, call.Host.Time, cancellationToken);
        }

        if (failed.Count == 0)
            return;
        if (left.Count > 0)
            failed.Add($"{string.Join(", ", left)} {(left.Count == 1 ? "keeps" : "keep")} the value before until that is mended.");
        throw new CliException(ExitCode.Failed, string.Join(Environment.NewLine, failed), secrets.IsTaken ? null : "'tenantry secret rollback' brings an older value back, and 'tenantry secret set' gives another one.");
    }

    private static async Task<(HashSet<string> Waiting, HashSet<string> Away)> WaitingAsync(Call call, TakenSecrets secrets, CancellationToken cancellationToken)
    {
        var (waiting, away) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        foreach (var name in secrets.IsShared ? secrets.Names : [])
        {
            var secret = await call.Client.Secrets.GetAsync(secrets.Of, name, cancellationToken);
            waiting.UnionWith(secret.Waiting);
            away.UnionWith(secret.Away);
        }

        return (waiting, away);
    }

    private static bool IsSettled(InstanceDetailResponse? instance) => instance is null || (instance.ObservedGeneration >= instance.Generation
        && instance is not ({ Phase: InstancePhase.Updating or InstancePhase.Provisioning } or { Phase: InstancePhase.Running, Health: InstanceHealth.Starting }));

    private static void Tell(Call call, TakenSecrets secrets, InstanceDetailResponse instance, int number)
    {
        if (call.Output.Json)
            return;
        var count = secrets.IsShared ? $"[{number}/{secrets.UsedBy.Count}] " : "";
        call.Output.Line(count + (instance.Phase == InstancePhase.Running
            ? $"{instance.Slug} runs with{(secrets.IsTaken ? secrets.IsMadeAnew ? " a new one" : "out it" : secrets.Names.Count > 1 ? " them" : " it")}."
            : $"{instance.Slug} is {instance.Phase}{(instance.Reason.Length > 0 ? $": {instance.Reason}" : secrets.IsTaken ? "." : "; it has it when it runs")}"));
    }
}

/// <summary>Values that were changed, and who uses them.</summary>
/// <param name="Of">Whose secrets.</param>
/// <param name="Names">Their names.</param>
/// <param name="UsedBy">Slugs.</param>
internal sealed record TakenSecrets(SecretsOf Of, IReadOnlyList<string> Names, IReadOnlyList<string> UsedBy)
{
    /// <summary>True when the values were taken away.</summary>
    public bool IsTaken { get; init; }

    /// <summary>True when Tenantry makes new values in place of those that were taken away.</summary>
    public bool IsMadeAnew { get; init; }

    /// <summary>True when several instances take turns.</summary>
    public bool IsShared => UsedBy.Count > 1;
}
