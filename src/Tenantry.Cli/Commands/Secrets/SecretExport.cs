using System.CommandLine;
using System.Text;
using System.Text.Json;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary><c>tenantry secret export SLUG --to KEY.pub</c>: sealed, so that the file can be read only with the private half.</summary>
internal static class SecretExport
{
    public static Command Create(CliHost host)
    {
        var slug = CommandOptions.Slug();
        var to = new Option<string>("--to") { Description = "The public key of whoever shall read it: P-256, in PEM.", HelpName = "KEY", Required = true };
        var file = new Option<string?>("--file", "-f") { Description = "Write it to this file; standard output when none is named, or with -.", HelpName = "FILE" };
        var dryRun = CommandOptions.DryRun();
        return new Command("export", "Write the values in force for an instance, sealed to a public key. 'secret import --key' reads them.") { slug, to, file, dryRun }.Does(host, async call =>
        {
            var change = call.Client.Secrets.Export(call.Required(slug), await SecretInput.ReadTextAsync(call, "The public key", call.Value(to)!));
            if (await call.PreviewAsync(call.Value(dryRun), change))
                return;
            var export = await change.SendAsync(call.CancellationToken);
            if (call.Value(file) is not ({ } path and not "-"))
            {
                call.Output.Value(export);
                return;
            }

            await NamedFile.WriteAsync(host.FullPath(path), Encoding.UTF8.GetBytes(JsonSerializer.Serialize(export, WireJson.Options) + "\n"), call.CancellationToken);
            var told = $"Wrote {Words.Count(export.Secrets.Count, "secret")} of {export.Slug} to {path}, sealed.";
            if (call.Output.Json)
                call.Output.Value(export);
            else
                call.Output.Line(told);
        });
    }
}
