using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry deploy SLUG…</c> or <c>--app APP</c></summary>
internal static class DeployCommand
{
    public static Command Create(CliHost host)
    {
        var slugs = new Argument<string[]>("slug") { Description = "The instances.", HelpName = "SLUG", Arity = ArgumentArity.ZeroOrMore };
        var app = new Option<string?>("--app") { Description = "All instances of this app.", HelpName = "APP" };
        var release = new Option<string>("--release") { Description = "The release; 'latest' is the app's newest.", HelpName = "ID", DefaultValueFactory = _ => "latest" };
        var dryRun = CommandOptions.DryRun();
        var noWait = CommandOptions.NoWait();
        var timeout = CommandOptions.Timeout();
        var command = new Command("deploy", "Move instances to a release of their app.") { slugs, app, release, dryRun, noWait, timeout };
        return command.Does(host, async call =>
        {
            var wanted = (call.Value(slugs) ?? []).ToList();
            if (wanted.Count == 0 == (call.Value(app) is null))
                throw new CliException(ExitCode.Usage, "Say which instances: either slugs, or --app APP for all of an app's.");
            if (call.Value(app) is { } one)
                await foreach (var instance in call.Client.Instances.ListAsync(new(App: one), call.CancellationToken))
                    wanted.Add(instance.Slug);
            var request = new UpdateInstanceRequest(Release: call.Value(release));
            if (call.Value(dryRun))
                await PreviewAsync(call, wanted, request);
            else
                await DeployAsync(call, wanted, request, !call.Value(noWait), call.Value(timeout));
        });
    }

    private static async Task PreviewAsync(Call call, IReadOnlyList<string> slugs, UpdateInstanceRequest request)
    {
        var plans = new List<PlanResponse>();
        foreach (var slug in slugs)
            plans.Add(await call.Client.Instances.Update(slug, request).PreviewAsync(call.CancellationToken));
        if (call.Output.Json)
            call.Output.Array(plans);
        else
            foreach (var plan in plans)
                PlanText.Write(call.Output, plan);
    }

    // All are asked for before the first is waited for, so that they go on side by side.
    private static async Task DeployAsync(Call call, IReadOnlyList<string> slugs, UpdateInstanceRequest request, bool wait, TimeSpan timeout)
    {
        var operations = new List<OperationResponse>();
        foreach (var slug in slugs)
        {
            var (operation, _) = await call.Client.Instances.Update(slug, request).SendAsync(call.CancellationToken);
            if (operation is null)
                call.Output.Line($"{slug} runs that release already.");
            else
                operations.Add(operation);
        }

        var failures = new List<CliException>();
        for (var i = 0; wait && i < operations.Count; i++)
        {
            try
            {
                operations[i] = await call.WaitAsync(operations[i], timeout);
                call.Ended(operations[i]);
            }
            catch (CliException failed) when (operations.Count > 1)
            {
                call.Output.Note($"{failed.Message} {failed.Fix}");
                failures.Add(failed);
            }
        }

        if (failures.Count > 0)
            throw new CliException(failures[0].Code, $"{failures.Count} of {operations.Count} deployments did not succeed.", "'tenantry status' tells which.");
        if (call.Output.Json)
            call.Output.Array(operations);
    }
}
