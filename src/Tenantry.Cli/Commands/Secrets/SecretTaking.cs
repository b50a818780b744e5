using System.CommandLine;
using System.Globalization;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary>After a change: waits until the instances that use the secret run with it.</summary>
internal sealed class SecretTaking(Option<bool> noWait, Option<Duration> timeout)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Adds its options to a command.</summary>
    public static SecretTaking AddTo(Command command)
    {
        var taking = new SecretTaking(CommandOptions.NoWait(), CommandOptions.Timeout());
        taking.AddOptions(command);
        return taking;
    }

    /// <summary>Tells what was done, and what became of it.</summary>
    public async Task TellAsync(Call call, SecretChoice choice, string done, SecretResponse secret)
    {
        if (!call.Output.Json)
            call.Output.Line($"Secret {secret.Name} of {choice.Shown} {done}, version {secret.Version.ToString(CultureInfo.InvariantCulture)}{(secret.From is { } level && level != Model.Manifests.SecretScope.Instance ? $" (kept for the {level.ToString().ToLowerInvariant()})" : "")}.");
        await WaitAsync(call, secret.UsedBy);
        if (call.Output.Json)
            call.Output.Value(secret);
    }

    /// <summary>Waits for instances, one after the other; all take it up at the same time.</summary>
    public async Task WaitAsync(Call call, IReadOnlyList<string> slugs)
    {
        if (call.Value(noWait) || slugs.Count == 0)
            return;
        TimeSpan patience = call.Value(timeout);
        using var late = new CancellationTokenSource(patience, call.Host.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, call.CancellationToken);
        call.BePatient();
        var failed = new List<string>();
        try
        {
            foreach (var slug in slugs)
            {
                var instance = await SettledAsync(call, slug, either.Token);
                if (instance is { Phase: InstancePhase.Failed } or { Health: InstanceHealth.Unhealthy })
                    failed.Add($"{slug} is {instance.Phase}: {instance.Reason}");
                else if (instance is not null && !call.Output.Json)
                    call.Output.Line(instance.Phase == InstancePhase.Running ? $"{slug} runs with it." : $"{slug} is {instance.Phase}{(instance.Reason.Length > 0 ? $": {instance.Reason}" : "; it has it when it runs")}");
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !call.CancellationToken.IsCancellationRequested)
        {
            throw new CliException(ExitCode.TimedOut, $"The value is set; not every instance that uses it runs with it after {Words.Took(patience)}.", "They go on: 'tenantry status' tells how they are.");
        }

        if (failed.Count > 0)
            throw new CliException(ExitCode.Failed, string.Join(Environment.NewLine, failed), "'tenantry secret rollback' brings an older value back.");
    }

    private static async Task<InstanceDetailResponse?> SettledAsync(Call call, string slug, CancellationToken cancellationToken)
    {
        while (true)
        {
            var instance = await call.Client.Instances.FindAsync(slug, cancellationToken);
            if (instance is null || (instance.ObservedGeneration >= instance.Generation
                && instance is not ({ Phase: InstancePhase.Updating or InstancePhase.Provisioning } or { Phase: InstancePhase.Running, Health: InstanceHealth.Starting })))
            {
                return instance;
            }

            await Task.Delay(Pause, call.Host.Time, cancellationToken);
        }
    }

    private void AddOptions(Command command)
    {
        command.Add(noWait);
        command.Add(timeout);
    }
}
