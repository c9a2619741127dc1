# A stand-in for Vivado: the commands that a project's script may use only write down that they were
# called, in `calls.txt`. Files that are added must be there, and constraints are read.
#
#   tclsh vivado.tcl -mode batch -source build.tcl
#
# SLACK is the slack of each path, PROGRESS how far a run gets.

set calls [open calls.txt w]

proc call {args} {
    puts $::calls $args
}

foreach command {
    create_project set_property wait_on_run open_run report_utilization report_timing_summary
    create_clock set_clock_groups set_input_delay set_output_delay set_false_path
} {
    proc $command {args} "call $command {*}\$args"
}

foreach query {
    current_fileset current_design get_runs get_ports get_pins get_nets get_clocks get_timing_paths
} {
    proc $query {args} "call $query {*}\$args; return \"$query \$args\""
}

proc add_files {args} {
    call add_files {*}$args
    foreach file [lindex $args end] {
        if {![file isfile $file]} {
            error "there is no file $file"
        }
        if {[file extension $file] eq ".xdc"} {
            uplevel #0 [list source $file]
        }
    }
}

proc launch_runs {run args} {
    call launch_runs $run {*}$args
    if {[lindex $args end] eq "write_bitstream"} {
        close [open fpga_top.bit w]
    }
}

proc get_property {name object} {
    switch $name {
        PROGRESS { return $::env(PROGRESS) }
        SLACK { return $::env(SLACK) }
        STATUS { return "it ended early" }
        DIRECTORY { return [pwd] }
    }
    error "a property that no script should ask for: $name"
}

if {[lrange $argv 0 2] ne "-mode batch -source"} {
    error "how was this called? $argv"
}
source [lindex $argv 3]
