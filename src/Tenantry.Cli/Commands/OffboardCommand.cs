using System.CommandLine;
using Tenantry.Cli.Offboarding;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry offboard TENANT</c>: a last copy of the data, then everything goes, in reverse, and is looked for afterwards.</summary>
internal static class OffboardCommand
{
    public static Command Create(CliHost host)
    {
        var name = CommandOptions.Name("tenant", "The tenant.");
        var backup = new Option<string?>("--backup") { Description = "First write a tar of each instance's data into this folder.", HelpName = "DIR" };
        var none = new Option<bool>("--no-backup") { Description = "Keep no copy of the data." };
        var yes = CommandOptions.Yes("Do not ask.");
        var dryRun = CommandOptions.DryRun();
        var timeout = CommandOptions.Timeout();
        var command = new Command("offboard", "Take a customer away: a last copy of the data if wanted, then instance, data, secrets, LLM key and tenant, and look that nothing is left.")
        {
            name, backup, none, yes, dryRun, timeout,
        };
        return command.Does(host, async call =>
        {
            if (call.Value(none) && call.Value(backup) is not null)
                throw new CliException(ExitCode.Usage, "--backup and --no-backup: only one of them.");
            var tenant = call.Required(name);
            var slugs = await TenantInstances.ListAsync(call, tenant);
            var deletion = call.Client.Tenants.Delete(tenant);
            if (await call.PreviewAsync(call.Value(dryRun), deletion))
                return;
            var folder = Answer(call, tenant, slugs, call.Value(backup), call.Value(none), call.Value(yes));
            var files = folder is null ? [] : await LastCopy.WriteAsync(call, slugs, folder, call.Value(timeout));
            await DeleteAsync(call, deletion, tenant, call.Value(timeout));
            await NothingLeft.CheckAsync(call, tenant, slugs, call.Value(timeout));
            Write(call.Output, tenant, slugs, files);
        });
    }

    // Everything that is not answered is told at once where there is nobody to ask.
    private static string? Answer(Call call, string tenant, IReadOnlyList<string> slugs, string? backup, bool isWithout, bool isAnswered)
    {
        var asksBackup = backup is null && !isWithout && slugs.Count > 0;
        if (!call.Output.CanAsk)
        {
            var missing = new Onboarding.MissingAnswers(call);
            if (asksBackup)
                missing.Add("--backup DIR (or --no-backup)", "Whether a copy of the data is kept.");
            if (!isAnswered)
                missing.Add("--yes", $"Whether the tenant {tenant}, its {Words.Count(slugs.Count, "instance")} and all their data are to be deleted.");
            missing.Check();
            return backup;
        }

        if (asksBackup && Prompt.Ask(call.Host, $"Keep a last copy of the data of {string.Join(", ", slugs)}?"))
            backup = Prompt.LineOr(call.Host, "Folder", $"{tenant}-{call.Host.Time.GetUtcNow():yyyyMMdd-HHmmss}");
        Prompt.Confirm(call, isAnswered, $"Delete tenant {tenant}, its {Words.Count(slugs.Count, "instance")}, all their data and keys?");
        return backup;
    }

    private static async Task DeleteAsync(Call call, Change<DeleteTenantResponse> deletion, string tenant, TimeSpan timeout)
    {
        DeleteTenantResponse answer;
        try
        {
            answer = await deletion.SendAsync(call.CancellationToken);
        }
        catch (TenantryException gone) when (gone.Status == System.Net.HttpStatusCode.NotFound)
        {
            // An offboarding that was interrupted went on by itself meanwhile.
            call.Output.Line($"{tenant} is gone already.");
            return;
        }

        foreach (var operation in answer.Operations)
            call.Ended(await call.WaitAsync(operation, timeout));
    }

    private static void Write(Output output, string tenant, IReadOnlyList<string> slugs, IReadOnlyList<string> files)
    {
        if (!output.Json)
        {
            output.Line($"{tenant} is gone, and nothing of it is left{(files.Count == 0 ? "" : $". Its data is in {string.Join(", ", files)}")}.");
            return;
        }

        output.Document(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("removed", "tenant");
            writer.WriteString("name", tenant);
            foreach (var (member, values) in ((string, IReadOnlyList<string>)[])[("instances", slugs), ("backups", files)])
            {
                Output.Texts(writer, member, values);
            }

            writer.WriteEndObject();
        });
    }
}
