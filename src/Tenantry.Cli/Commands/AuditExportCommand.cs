using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Model.Wire;
using Tenantry.Server.Auditing;
using Tenantry.Targets.Linux;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry audit export</c></summary>
internal static class AuditExportCommand
{
    public static Command Create(CliHost host)
    {
        var file = new Option<string?>("--file", "-f") { Description = "Write it to this file; standard output when none is named.", HelpName = "FILE" };
        return new Command("export", "Write the whole audit as JSON lines that 'tenantry audit verify --file' can verify anywhere.") { file }.Does(host, async call =>
        {
            if (call.Value(file) is not { } name)
            {
                await call.Client.ExportAuditAsync(host.OpenOutput(), call.CancellationToken);
                return;
            }

            var path = host.FullPath(name);
            try
            {
                await AtomicFile.WriteAsync(path, output => call.Client.ExportAuditAsync(output, call.CancellationToken), durable: true);
            }
            catch (UnauthorizedAccessException)
            {
                throw new CliException(ExitCode.NotAllowed, $"Not allowed to write {path}.");
            }

            call.Output.Note($"Wrote {path}.");
        });
    }

    public static async Task<AuditVerifyResponse> VerifyAsync(Call call, string file)
    {
        try
        {
            using var export = new StreamReader(call.Host.FullPath(file));
            var problem = await AuditExport.VerifyAsync(export, call.CancellationToken);
            return new AuditVerifyResponse(problem is null, problem);
        }
        catch (Exception unread) when (unread is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"The export '{file}' cannot be read: {unread.Message}");
        }
    }
}
