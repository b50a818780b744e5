using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Model.Manifests;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry deploy SLUG…</c> or <c>--app APP</c></summary>
internal static class DeployCommand
{
    public static Command Create(CliHost host)
    {
        var slugs = new Argument<string[]>("SLUG") { Description = "The instances.", Arity = ArgumentArity.ZeroOrMore };
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
            await (call.Value(app) is { } one ? AddAllOfAsync(call, one, wanted) : CheckAllAsync(call, wanted));
            if (wanted.Count == 0)
            {
                call.Output.Nothing($"The app {call.Value(app)} has no instances. 'tenantry tenant add NAME --app {call.Value(app)}' makes one.");
                return;
            }

            var request = new UpdateInstanceRequest(Release: call.Value(release));
            if (call.Value(dryRun))
                await PreviewAsync(call, wanted, request);
            else
                await DeployAsync(call, wanted, request, !call.Value(noWait), call.Value(timeout));
        });
    }

    private static async Task AddAllOfAsync(Call call, string app, List<string> slugs)
    {
        if (await call.Client.Apps.FindAsync(app, call.CancellationToken) is null)
        {
            var known = await call.Client.Apps.ListAsync(call.CancellationToken).Select(a => a.Name).ToListAsync(call.CancellationToken);
            throw new CliException(ExitCode.NotFound, $"There is no app '{app}'.{Nearest.Hint(app, known)}", "'tenantry app list' lists them.");
        }

        await foreach (var instance in call.Client.Instances.ListAsync(new(App: app), call.CancellationToken))
            slugs.Add(instance.Slug);
    }

    // Before the first is changed, so that a mistyped slug changes nothing.
    private static async Task CheckAllAsync(Call call, IReadOnlyList<string> slugs)
    {
        var unknown = new List<string>();
        foreach (var slug in slugs)
            if (await call.Client.Instances.FindAsync(slug, call.CancellationToken) is null)
                unknown.Add(slug);
        if (unknown.Count == 0)
            return;
        var known = await call.Client.Instances.ListAsync(cancellationToken: call.CancellationToken).Select(i => i.Slug).ToListAsync(call.CancellationToken);
        var sentences = unknown.Select(slug => $"There is no instance '{slug}'.{Nearest.Hint(slug, known)}");
        throw new CliException(ExitCode.NotFound, string.Join(' ', sentences), "Nothing was deployed. 'tenantry status' lists the instances.");
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
            var (operation, present) = await call.Client.Instances.Update(slug, request).SendAsync(call.CancellationToken);
            if (present is not null)
                operation = await Redeployment.TryAgainAsync(call, present);
            if (operation is not null)
                operations.Add(operation);
            if (operation is not null && !wait)
                call.Output.Line($"{slug}: accepted. 'tenantry operations show {operation.Id}' tells how far it is.");
        }

        var failures = new List<CliException>();
        for (var i = 0; wait && i < operations.Count; i++)
        {
            try
            {
                operations[i] = await call.WaitAsync(operations[i], timeout);
                call.Ended(operations[i]);
                if (!call.Output.Json)
                    await call.SummarizeAsync(operations[i].Slug);
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
