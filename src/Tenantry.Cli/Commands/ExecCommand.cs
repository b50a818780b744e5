using System.CommandLine;
using System.Text;
using Tenantry.Cli.Running;
using Tenantry.Client;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry exec SLUG -- CMD…</c>: ends with the command's own exit code.</summary>
internal static class ExecCommand
{
    public static Command Create(CliHost host)
    {
        var slug = CommandOptions.Slug();
        var words = new Argument<string[]>("CMD") { Description = "Program and arguments, after '--'. No shell is involved.", Arity = ArgumentArity.OneOrMore };
        var service = new Option<string?>("--service") { Description = "Inside this service; the first when none is named.", HelpName = "NAME" };
        var interactive = new Option<bool>("--interactive", "-i") { Description = "Send what is typed too, line by line, until Ctrl-D: a shell's commands, say. There is no terminal at the other end. What is piped in is always sent." };
        return new Command("exec", "Run a command inside an instance, with its user, limits and network. Ends with the command's exit code.") { slug, words, service, interactive }.Does(host, call =>
        {
            var start = new Model.Wire.ExecStartRequest(call.Value(words)!, call.Value(service));
            // Without being asked for, what is typed ahead is left to the shell.
            var sendsInput = !call.Host.InputIsTerminal || call.Value(interactive);
            return call.Output.Json ? CaptureAsync(call, call.Required(slug), start, sendsInput) : StreamAsync(call, call.Required(slug), start, sendsInput);
        });
    }

    private static async Task<int> StreamAsync(Call call, string slug, Model.Wire.ExecStartRequest start, bool sendsInput)
    {
        await using var input = sendsInput ? call.Host.OpenInput() : null;
        await using var output = call.Host.OpenOutput();
        await using var error = call.Host.OpenError();
        return await call.Client.Instances.ExecAsync(slug, start, new(input, output, error), call.CancellationToken);
    }

    private static async Task<int> CaptureAsync(Call call, string slug, Model.Wire.ExecStartRequest start, bool sendsInput)
    {
        await using var input = sendsInput ? call.Host.OpenInput() : null;
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        var code = await call.Client.Instances.ExecAsync(slug, start, new ExecStreams(input, output, error), call.CancellationToken);
        call.Output.Document(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("exitCode", code);
            writer.WriteString("stdout", Encoding.UTF8.GetString(output.ToArray()));
            writer.WriteString("stderr", Encoding.UTF8.GetString(error.ToArray()));
            writer.WriteEndObject();
        });
        return code;
    }
}
