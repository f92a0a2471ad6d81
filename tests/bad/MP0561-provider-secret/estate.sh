#!/bin/sh
read -r _hello
